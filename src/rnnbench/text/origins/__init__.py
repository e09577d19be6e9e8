"""Where texts come from: the user's files, downloads, folders of this machine."""
