"""Laws of signatures: who signed, and that nothing changed since; no more is claimed."""

import json
import shutil
import stat
import zipfile

import audited
import pytest

from rnnbench.__main__ import main
from rnnbench.audit import integrity
from rnnbench.provenance import bundle, signature
from rnnbench.provenance.crate import METADATA
from rnnbench.provenance.signature import SignatureError

MANIFEST, NAME = b'{"files": {}}\n', "manifest.json"


@pytest.fixture
def key(tmp_path):
    signature.make_key(tmp_path / "key")
    return tmp_path / "key"


@pytest.fixture
def signed(made, tmp_path, key):
    """A bundle, signed."""
    audited.bundle_of(made).write_zip(tmp_path / "b.zip")
    assert main(["sign", str(tmp_path / "b.zip"), str(key)]) == 0
    return tmp_path / "b.zip"


def public(key):
    return key.with_name(key.name + ".pub")


def faults(path, *arguments) -> str:
    return "; ".join(c.fault for _, c in integrity.verify(path, *arguments).faults)


def test_the_private_key_is_its_owners_alone(key):
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    assert b"PRIVATE" not in public(key).read_bytes()


def test_a_key_is_never_replaced(key):
    with pytest.raises(SignatureError, match="Keys are not replaced"):
        signature.make_key(key)


def test_a_key_goes_into_a_folder_that_is_there(tmp_path):
    with pytest.raises(SignatureError, match="No such file"):
        signature.make_key(tmp_path / "none" / "key")


def test_a_key_that_others_can_read_signs_nothing(key):
    key.chmod(0o644)
    with pytest.raises(SignatureError, match="mode 644"):
        signature.sign(MANIFEST, NAME, key)


def test_a_signature_names_its_key(key):
    made = signature.sign(MANIFEST, NAME, key)
    found = signature.verify(MANIFEST, NAME, made, public(key))
    assert found.key_id == signature.read_public(public(key)).keyid
    assert found.known


def test_equal_manifests_have_equal_signatures(key):
    assert signature.sign(MANIFEST, NAME, key) == signature.sign(MANIFEST, NAME, key)


@pytest.mark.parametrize(("manifest", "name"), [(MANIFEST + b" ", NAME), (MANIFEST, METADATA)])
def test_a_signature_is_of_one_manifest_alone(key, manifest, name):
    made = signature.sign(MANIFEST, NAME, key)
    with pytest.raises(SignatureError, match="one of another"):
        signature.verify(manifest, name, made)


def test_any_flipped_bit_of_a_signature_is_found(key):
    made = signature.sign(MANIFEST, NAME, key)
    for place in range(0, len(made), 7):
        changed = bytearray(made)
        changed[place] ^= 1
        with pytest.raises(SignatureError):
            signature.verify(MANIFEST, NAME, bytes(changed), public(key))


@pytest.mark.parametrize("content", [b"", b"{}", b"[1]", b"null", b"{" * 5000, b"\xff" * 9])
def test_what_is_no_signature_is_told(content):
    with pytest.raises(SignatureError, match="expected a signature"):
        signature.verify(MANIFEST, NAME, content)


def test_an_unsigned_bundle_says_so(made, tmp_path, key):
    audited.bundle_of(made).write_zip(tmp_path / "b.zip")
    assert integrity.verify(tmp_path / "b.zip").signed.startswith("none: nobody vouches")
    assert "found none" in faults(tmp_path / "b.zip", public(key))


def test_a_signed_bundle_verifies_and_keeps_its_files(made, signed, key):
    assert not integrity.verify(signed, public(key)).faults
    assert "the key you gave" in integrity.verify(signed, public(key)).signed
    assert "not checked" in integrity.verify(signed).signed
    assert bundle.read(signed).files == audited.bundle_of(made).files


def test_signed_results_verify_and_a_flip_is_still_found(made, tmp_path, key):
    results = audited.copied(made, tmp_path / "results")
    assert main(["sign", str(results), str(key)]) == 0
    assert not integrity.verify(results, public(key)).faults
    audited.flip(results / METADATA)
    assert "one of another" in faults(results, public(key))


def test_the_wrong_key_is_found(signed, tmp_path):
    signature.make_key(tmp_path / "other")
    assert "found one by key" in faults(signed, public(tmp_path / "other"))


def test_hashes_computed_anew_in_a_signed_bundle_are_found(made, signed, tmp_path):
    forged = audited.bundle_of(made, **{"requirements.lock": b"forged\n"})
    kept = bundle.read(signed).signature
    bundle.Bundle(forged.manifest, forged.files, kept).write_zip(tmp_path / "f.zip")
    assert "the manifest was changed" in faults(tmp_path / "f.zip")


def test_a_forger_can_sign_anew_but_not_by_the_key_that_is_known(made, signed, key, tmp_path):
    forged = audited.bundle_of(made, **{"requirements.lock": b"forged\n"})
    signature.make_key(tmp_path / "forger")
    forged.write_zip(tmp_path / "f.zip")
    main(["sign", str(tmp_path / "f.zip"), str(tmp_path / "forger")])
    assert not integrity.verify(tmp_path / "f.zip").faults
    assert "expected a signature by key" in faults(tmp_path / "f.zip", public(key))


def test_no_private_key_is_in_a_bundle(signed, key):
    secret = key.read_bytes().split(b"\n")[1]
    with zipfile.ZipFile(signed) as archive:
        assert all(secret not in archive.read(name) for name in archive.namelist())
        told = json.loads(archive.read(bundle.SIGNATURE))
    assert {"payload", "payloadType", "signatures"} <= told.keys()


def test_a_key_of_another_kind_is_told(tmp_path):
    shutil.copy(__file__, tmp_path / "key.pub")
    with pytest.raises(SignatureError, match="expected a public key"):
        signature.read_public(tmp_path / "key.pub")
