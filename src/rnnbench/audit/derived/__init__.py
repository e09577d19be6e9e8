"""What results say, derived once more from what lies behind it instead of believed."""
