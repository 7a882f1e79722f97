// A source of tickets and users as Zendesk keeps them, and a template: copy it and change what stands between the marks.
// The rest is the same for each service: it fetches, keeps numbers as the service wrote them, and names failures by the
// cases of the contract.

// Edit from here.
const about = { name: 'zendesk', version: '0.1.0', documentationUrl: 'https://developer.zendesk.com/api-reference' };
const origin = 'https://example.zendesk.com';
// What is to be set beside `base_url`: in [source.config] or, as `writeOnly`, in [source.secrets].
const settings = { token: { type: 'string', writeOnly: true } };

// Name: what it is, the fields that identify a record, the field that grows if there is one, the path of the first page.
const resources = {
  tickets: { description: 'Requests for help.', primaryKey: ['id'], incremental: 'updated_at', path: '/api/v2/tickets' },
  users: { description: 'Agents and those they help.', primaryKey: ['id'], incremental: 'updated_at', path: '/api/v2/users' },
};

// The host replaces the secret, so it stands in a field as it is: encoded in base64 it would not be found.
const headers = (config) => ({ accept: 'application/json', authorization: `Bearer ${config.token}` });

// Path and query of the first page; `start` is the lowest value wanted of the field that grows, if any. This service
// cannot filter by it, so the host drops what is not wanted.
const firstPage = (config, { path }, start, count) => `${path}?page[size]=${Math.min(count, 100)}`;

// The records of an answer, and the address of the next page, if any: here beside the records.
function readPage(body, resourceName, response) {
  return { records: body[resourceName], next: body.meta.has_more ? body.links.next : undefined };
}

// Case, and wait in seconds, of failures that do not follow from the status alone.
function failure(status, text) {
  if (status === 400 && text.includes('InvalidPaginationParameter')) return ['cursor-expired'];
  return undefined;
}
// Edit to here.

const cases = {
  401: 'auth', 403: 'auth', 404: 'not-found', 410: 'not-found',
  408: 'transient', 425: 'transient', 429: 'rate-limited',
};

function fail(tag, message, httpStatus, waitSeconds) {
  const wait = Number.isInteger(waitSeconds) && waitSeconds >= 0 ? BigInt(waitSeconds) * 1000n : undefined;
  throw { tag, val: { message, httpStatus, code: undefined, retryAfterMs: wait } };
}

// Numbers stay texts, for the service may have larger ones than JavaScript has.
const parse = (text) => JSON.parse(text, (_, value, { source }) => (typeof value === 'number' ? JSON.rawJSON(source) : value));

async function get(config, target) {
  try {
    const response = await fetch((config.base_url ?? origin).replace(/\/$/, '') + target, { headers: headers(config) });
    return { response, text: await response.text() };
  } catch (error) {
    return fail('transient', `no answer to \`GET ${target}\`: ${error.message}`);
  }
}

async function fetchPage(settingsText, request) {
  const config = JSON.parse(settingsText);
  for (const key of Object.keys(settings)) if (!(key in config)) fail('invalid-config', `\`${key}\` is missing`);
  const resource = Object.hasOwn(resources, request.resourceName) && resources[request.resourceName];
  if (!resource) fail('invalid-config', `unknown resource \`${request.resourceName}\``);
  // A cursor is the version of its form and the path of the page.
  const [version, target] = request.cursor === undefined ? ['1'] : request.cursor.split(/ (.*)/s);
  if (version !== '1') fail('cursor-expired', `the cursor \`${request.cursor}\` is of another version`);
  const start = request.incremental?.start && String(JSON.parse(request.incremental.start));
  const path = target ?? firstPage(config, resource, start, request.maxRecords);
  const { response, text } = await get(config, path);
  const { status } = response;
  if (status !== 200) {
    const usual = cases[status] ?? (status >= 500 ? 'transient' : 'permanent');
    const [tag, wait] = failure(status, text, response) ?? [usual];
    const after = response.headers.get('retry-after');
    fail(tag, `\`GET ${path}\` answered ${status}: ${text.slice(0, 200)}`, status, wait ?? (after ? Number(after) : undefined));
  }
  let page;
  try {
    const { records, next } = readPage(parse(text), request.resourceName, response);
    page = { lines: records.map((record) => JSON.stringify(record)).join('\n'), next };
  } catch (error) {
    fail('invalid-response', `\`GET ${path}\` answered what is no page: ${error.message}: ${text.slice(0, 200)}`, status);
  }
  const base = (config.base_url ?? origin).replace(/\/$/, '');
  if (page.next && !page.next.startsWith('/') && !page.next.startsWith(`${base}/`)) {
    fail('invalid-response', `the next page is at another origin: \`${page.next}\``, status);
  }
  const next = page.next ? `1 ${page.next.startsWith(base) ? page.next.slice(base.length) : page.next}` : undefined;
  return { records: new TextEncoder().encode(page.lines), rejected: [], next, state: undefined, totalHint: undefined };
}

export const source = {
  listResources() {
    return Object.entries(resources).map(([name, { description, primaryKey, incremental }]) => {
      return { name, description, primaryKey, writeDisposition: 'merge', incremental };
    });
  },
  fetchPage,
};

export const setup = {
  describe() {
    const properties = { base_url: { type: 'string' }, ...settings };
    const configSchema = JSON.stringify({ type: 'object', properties, required: Object.keys(settings) });
    return { ...about, configSchema, origins: [origin] };
  },
  async check(config) {
    await fetchPage(config, { resourceName: Object.keys(resources)[0], maxRecords: 1, maxBytes: 1 << 20 });
  },
};
