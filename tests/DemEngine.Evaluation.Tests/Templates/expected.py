"""Writes expected.json: what transformers makes of conversations.json with each template in Formats.

Usage: python3 expected.py
"""

import json
import pathlib

from transformers.utils.chat_template_utils import render_jinja_template

HERE = pathlib.Path(__file__).parent
SOURCE = json.loads((HERE / "conversations.json").read_text())
cases = []
for path in sorted((HERE / "Formats").glob("*.jinja")):
    for name, messages in SOURCE["conversations"].items():
        for prompt in (False, True):
            case = {"template": path.stem, "conversation": name, "prompt": prompt}
            try:
                texts, spans = render_jinja_template(
                    conversations=[messages],
                    tools=None,
                    documents=None,
                    chat_template=path.read_text(),
                    return_assistant_tokens_mask=True,
                    add_generation_prompt=prompt,
                    **SOURCE["tokens"],
                )
                case["text"] = texts[0]
                case["generated"] = [texts[0][first:end] for first, end in spans[0]]
            except Exception as error:  # What transformers refuses shall be refused here.
                case["error"] = f"{type(error).__name__}: {error}"
            cases.append(case)
(HERE / "expected.json").write_text(json.dumps(cases, ensure_ascii=False, indent=1) + "\n")
print(len(cases), "cases,", sum("error" in case for case in cases), "refused")
