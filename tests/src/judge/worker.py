"""Does what the tests ask of dlt, all in one process: starting dlt anew for each would take most of the tests' time.

A request is a line of JSON on standard input, `{"do": name of a function, "with": its arguments}`. The answer is a line
of JSON on standard output, `{"answer": ...}`, or `{"error": traceback}` when the request itself makes no sense. What dlt
prints goes to standard error. The process ends when its standard input does.
"""

import json
import sys
import traceback

from dump import dump
from load import load, query, run

FUNCTIONS = {function.__name__: function for function in (dump, load, query, run)}


def main():
    answers, sys.stdout = sys.stdout, sys.stderr
    for line in sys.stdin:
        request = json.loads(line)
        try:
            answer = {"answer": FUNCTIONS[request["do"]](**request["with"])}
        except Exception:
            answer = {"error": traceback.format_exc()}
        print(json.dumps(answer, ensure_ascii=True), file=answers, flush=True)


if __name__ == "__main__":
    main()
