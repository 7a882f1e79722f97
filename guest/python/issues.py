"""A source of issues and comments as GitHub keeps them, and a template: copy it and change what stands between the marks.

The rest is the same for each service: it speaks HTTP, cuts records out of answers, and names failures by their cases.
"""

import json
import re
from urllib.parse import quote, urlsplit

from componentize_py_types import Err, Ok
from wit_world.exports.setup import Description
from wit_world.imports import outgoing_handler, sluicegate_source_types as wit, wall_clock
from wit_world.imports.streams import StreamError_Closed
from wit_world.imports.wasi_http_types import Fields, OutgoingRequest, Scheme_Http, Scheme_Https

# Edit from here.
NAME, VERSION, ABOUT = "github", "0.1.0", "https://docs.github.com/rest/issues"
ORIGIN = "https://api.github.com"
# What is to be set beside `base_url`: in [source.config] or, as `writeOnly`, in [source.secrets].
SETTINGS = {"repository": {"type": "string"}, "token": {"type": "string", "writeOnly": True}}

ISSUES = "/repos/{repository}/issues?state=all&sort=updated&direction=asc"
COMMENTS = "/repos/{repository}/issues/comments?sort=updated&direction=asc"
# Name: what it is, the fields that identify a record, the field that grows if there is one, the path of the first page.
RESOURCES = {
    "issues": ("Issues and pull requests.", ["id"], "updated_at", ISSUES),
    "comments": ("Comments on issues.", ["id"], "updated_at", COMMENTS),
}


def headers(config):
    # The host replaces the secret, so it stands in a field as it is: encoded in base64 it would not be found.
    return {"user-agent": "sluicegate", "authorization": f"Bearer {config['token']}"}


def first_page(config, path, start, count):
    """Path and query of the first page; `start` is the lowest value wanted of the field that grows, if any."""
    path = path.format(repository=quote(config["repository"])) + f"&per_page={min(count, 100)}"
    return path + (f"&since={quote(start)}" if start else "")


def read_page(text, fields):
    """The records of an answer, as texts, and the address of the next page, if any: here in the header `Link`."""
    link = re.search(r'<([^>]*)>\s*;[^,]*rel="?next"?', fields.get("link", ""))
    return values(text), link and link[1]


def failure(status, fields):
    """Case and wait (in ms, or None) of failures that do not follow from the status alone."""
    if status == 403 and fields.get("x-ratelimit-remaining") == "0":
        return wit.Error_RateLimited, max(int(fields["x-ratelimit-reset"]) - wall_clock.now().seconds, 1) * 1000
# Edit to here.


CASES = {401: wit.Error_Auth, 403: wit.Error_Auth, 404: wit.Error_NotFound, 429: wit.Error_RateLimited}
CASES |= {408: wit.Error_Transient, 425: wit.Error_Transient, 410: wit.Error_NotFound}


def fail(case, message, status=None, wait=None):
    raise Err(case(wit.ErrorInfo(message, status, None, wait)))


def values(text, key=None):
    """The texts of the values of a list or, with a key, of the list that an object has under it. Nothing is typed anew."""
    decoder, space = json.JSONDecoder(), re.compile(r"[\s,:]*")
    at, found = space.match(text).end(), []
    is_list = text[at] == "["
    at = space.match(text, at + 1).end()
    while text[at] not in "]}":
        name, end = ("", at) if is_list else decoder.raw_decode(text, at)
        at = space.match(text, end).end()
        found.append(text[at : decoder.raw_decode(text, at)[1]])
        if not is_list and name == key:
            return values(found[-1])
        at = space.match(text, at + len(found[-1])).end()
    if not is_list or key is not None:
        raise ValueError(f"there is no list under `{key}`")
    return found


def get(config, target):
    """Status, header fields and text of an answer."""
    base = urlsplit(config.get("base_url", ORIGIN))
    request = OutgoingRequest(Fields.from_list([(name, value.encode()) for name, value in headers(config).items()]))
    request.set_scheme(Scheme_Http() if base.scheme == "http" else Scheme_Https())
    request.set_authority(base.netloc)
    request.set_path_with_query(base.path.rstrip("/") + target)
    try:
        with outgoing_handler.handle(request, None) as future:
            future.subscribe().block()
            answer = future.get().value
        if not isinstance(answer, Ok):
            raise answer
        with answer.value as response, response.consume() as body, body.stream() as stream:
            with response.headers() as head:
                fields = {name.lower(): value.decode("latin-1") for name, value in head.entries()}
            chunks = []
            try:
                while True:
                    chunks.append(stream.blocking_read(1 << 16))
            except Err as error:
                if not isinstance(error.value, StreamError_Closed):
                    raise
            return response.status(), fields, b"".join(chunks).decode(errors="replace")
    except Err as error:
        fail(wit.Error_Transient, f"no answer to `GET {target}`: {type(error.value).__name__}")


class Source:
    def list_resources(self, config):
        merge = wit.WriteDisposition.MERGE
        return [wit.ResourceSpec(name, *resource[:2], merge, resource[2]) for name, resource in RESOURCES.items()]

    def fetch_page(self, config, request):
        config = json.loads(config)
        for key in SETTINGS.keys() - config.keys():
            fail(wit.Error_InvalidConfig, f"`{key}` is missing")
        if request.resource_name not in RESOURCES:
            fail(wit.Error_InvalidConfig, f"unknown resource `{request.resource_name}`")
        # A cursor is the version of its form and the path of the page.
        version, _, target = (request.cursor or "1 ").partition(" ")
        if version != "1":
            fail(wit.Error_CursorExpired, f"the cursor `{request.cursor}` is of another version")
        start = request.incremental and request.incremental.start and str(json.loads(request.incremental.start))
        target = target or first_page(config, RESOURCES[request.resource_name][3], start, request.max_records)
        status, fields, text = get(config, target)
        if status != 200:
            usual = CASES.get(status, wit.Error_Transient if status >= 500 else wit.Error_Permanent)
            after = fields.get("retry-after", "")
            case, wait = failure(status, fields) or (usual, int(after) * 1000 if after.isdigit() else None)
            fail(case, f"`GET {target}` answered {status}: {text[:200]}", status, wait)
        try:
            records, following = read_page(text, fields)
        except (ValueError, KeyError, IndexError, TypeError) as error:
            fail(wit.Error_InvalidResponse, f"`GET {target}` answered what is no page: {error}: {text[:200]}", status)
        base = config.get("base_url", ORIGIN).rstrip("/")
        if following and not following.startswith(("/", base + "/")):
            fail(wit.Error_InvalidResponse, f"the next page is at another origin: `{following}`", status)
        lines = "\n".join(record.replace("\r", " ").replace("\n", " ") for record in records)
        return wit.Page(lines.encode(), [], following and "1 " + following.removeprefix(base), None, None)


class Setup:
    def describe(self):
        schema = {"properties": {"base_url": {"type": "string"}, **SETTINGS}, "required": list(SETTINGS)}
        return Description(NAME, VERSION, ABOUT, json.dumps(schema), [ORIGIN])

    def check(self, config):
        Source().fetch_page(config, wit.PageRequest(next(iter(RESOURCES)), None, None, None, 1, 1 << 20))
