"""change_plan.py SOURCE TARGET STATEMENT: copies a driver's directory and lets
STATEMENT change its plan."""

import json
import shutil
import sys

source, target, statement = sys.argv[1:]
shutil.rmtree(target, ignore_errors=True)
shutil.copytree(source, target)
with open(target + "/plan.json") as file:
    plan = json.load(file)
exec(statement, {"plan": plan})
with open(target + "/plan.json", "w") as file:
    json.dump(plan, file)
