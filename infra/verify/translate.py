"""Translate a template as CloudFormation's SAM transform does; standard input to standard output.

Run by `.venv-verify`, whose packages the project does not share.
"""

from __future__ import annotations

import json
import os
import sys

from samtranslator.parser.parser import Parser
from samtranslator.translator.translator import Translator


def main() -> None:
    """Translate, with the code where a deployment would put it."""
    os.environ.setdefault("AWS_DEFAULT_REGION", "eu-central-1")
    template = json.load(sys.stdin)
    for resource in template["Resources"].values():
        if resource["Type"] == "AWS::Serverless::Function":
            resource["Properties"]["CodeUri"] = {"Bucket": "code", "Key": "deployment.zip"}
    defaults = {name: parameter.get("Default", "") for name, parameter in template.get("Parameters", {}).items()}
    json.dump(Translator({}, Parser()).translate(template, defaults), sys.stdout)


if __name__ == "__main__":
    main()
