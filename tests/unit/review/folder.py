"""Folders with held pictures, made by a real run with the engine that reads colours."""

from __future__ import annotations

import contextlib
import http.client
import json
import signal
import subprocess
import sys

import numpy as np
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, XRayAngiographicImageStorage

from deid.batch import Options, run_with
from deid.policy import Policy
from tests.engines.coloured import COLOURED, bars
from tests.pictures import png

WHO = {"reviewer": "R. Test", "consent": "C-77", "platform": "journal", "use": "education"}


def put(folder, count, texts=("DOE^JANE", "A4471902", "LAO 30")):
    """Write a case of small pictures."""
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(count):
        (folder / f"screen-{number:03}.png").write_bytes(png(bars(texts, seed=number)))
    return folder


def go(case, out, policy=None, **options):
    """Run a case; every file waits for a person where the policy is left out."""
    policy = policy or Policy(review="all")
    return list(run_with([case], out, policy, Options(work=COLOURED, **{"jobs": 1, **options})))


def outputs(out):
    """The clean files, by name."""
    return {path.relative_to(out).as_posix(): path.read_bytes() for path in out.rglob("*.png")}


class Server:
    """A server of the page in a process of its own; `link` opens it."""

    def __init__(self, out="-", minutes=30.0, sample="0%") -> None:
        command = [sys.executable, "-W", "error", "-m", "tests.engines.review_server", str(out), str(minutes), sample]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.link = self.process.stdout.readline().strip()
        assert self.link, self.process.stderr.read()
        self.port = int(self.link.partition("127.0.0.1:")[2].partition("/")[0])
        self.cookie = ""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def stop(self, number=signal.SIGTERM) -> str:
        """End it; return what it wrote to stderr."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        said = self.process.communicate(timeout=60)[1]
        return "" if number == signal.SIGKILL else said

    def ask(self, path, method="GET", body=None, **headers):
        """Send a request, exactly as said; return status, headers and body."""
        sent = {"Host": f"127.0.0.1:{self.port}", **headers}
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
        for name, value in sent.items():
            connection.putheader(name.replace("_", "-"), value)
        connection.endheaders()
        if body is not None:
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                connection.send(body)
        answer = connection.getresponse()
        found = answer.status, answer.headers, answer.read()
        connection.close()
        return found

    def log_in(self) -> None:
        """Trade the token for the cookie, as the browser does."""
        status, headers, _ = self.ask(self.link.partition(str(self.port))[2])
        assert status == 303
        self.cookie = headers["Set-Cookie"].partition(";")[0]

    def get(self, path, **headers):
        """As the page asks."""
        return self.ask(path, Cookie=self.cookie, **headers)

    def post(self, path, sent, **headers):
        """As the page sends."""
        body = sent if isinstance(sent, bytes) else json.dumps(sent).encode()
        ours = {
            "Cookie": self.cookie,
            "Origin": f"http://127.0.0.1:{self.port}",
            "Sec_Fetch_Site": "same-origin",
            "Content_Type": "application/json",
            "Content_Length": str(len(body)),
        }
        sending = {name: value for name, value in {**ours, **headers}.items() if value is not None}
        return self.ask(path, "POST", body, **sending)

    def items(self):
        """The queue."""
        return json.loads(self.get("/api/state")[2])["items"]


def cine(path, frames=300, rows=96, columns=160):
    """Write an angiographic run, 12 bit grey, without any text; its header names a patient."""
    data = Dataset()
    data.file_meta = FileMetaDataset()
    data.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    data.file_meta.MediaStorageSOPClassUID = data.SOPClassUID = XRayAngiographicImageStorage
    data.file_meta.MediaStorageSOPInstanceUID = data.SOPInstanceUID = "1.2.826.0.1.3680043.8.498.1"
    data.StudyInstanceUID = data.SeriesInstanceUID = "1.2.826.0.1.3680043.8.498.2"
    data.PatientName, data.PatientID, data.Modality = "DOE^JANE", "A4471902", "XA"
    data.Rows, data.Columns, data.NumberOfFrames, data.SamplesPerPixel = rows, columns, frames, 1
    data.PhotometricInterpretation, data.PixelRepresentation = "MONOCHROME2", 0
    data.BitsAllocated, data.BitsStored, data.HighBit = 16, 12, 11
    data.WindowCenter, data.WindowWidth = 600, 800
    ramp = np.arange(columns, dtype=np.uint16) * 6 + 300
    pixels = np.tile(ramp, (frames, rows, 1))
    for index in range(frames):
        pixels[index, 40:50, index % columns] = 3000
    data.PixelData = pixels.tobytes()
    path.parent.mkdir(parents=True, exist_ok=True)
    data.save_as(path, enforce_file_format=True)
