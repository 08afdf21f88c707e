// What may pass from a developer to the engine, and nothing else.
//
// Every request is built anew: the path, the method, the headers and the body that the engine gets
// are written here from what `routes.js` allows, so two JSON parsers that read a body differently
// (doubled keys, odd encodings) cannot disagree about it. A field that is not in the table, or not of
// its kind and within its limits, refuses the whole request. Nothing of a body is ever logged.

import crypto from 'crypto';
import routes from 'routes.js';

const BEARER = /^Bearer ([\x21-\x7e]{16,256})$/;
const JSON_TYPE = /^application\/json(?:\s*;\s*charset="?utf-8"?)?$/i;

// What a refused request costs its user, and how far ahead of their share that can bring them.
const REFUSED_SECONDS = 0.5;
const MOST_SECONDS = 20;

// What it takes to make tokens of a text, or a text of tokens; a guess on the safe side.
const SECONDS_PER_BYTE = 1e-6;

// Upper bounds in seconds; what llama-server and vLLM take for a completion lies between them.
const SECONDS = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];

// The SHA-256 of the caller's key in hexadecimal, by which keys.map knows the user; '' without one.
function keyHash(r) {
    const match = BEARER.exec(r.headersIn.Authorization || '');
    return match === null ? '' : crypto.createHash('sha256').update(match[1]).digest('hex');
}

// The entry of routes.js for this request, by its own path, or undefined.
function routeOf(r) {
    return Object.prototype.hasOwnProperty.call(routes.paths, r.uri) ? routes.paths[r.uri] : undefined;
}

// Handles all outside requests of known users: refuses, or passes on what is allowed.
function pass(r) {
    const route = routeOf(r);
    if (route === undefined) {
        return refuse(r, 404, 'path', 'This gateway has no such path.');
    }
    r.variables.route = r.uri;
    if (r.method !== route.method) {
        r.headersOut.Allow = route.method;
        return refuse(r, 405, 'method', `This path takes ${route.method} only.`);
    }
    if (route.fields !== undefined) {
        if (excess(r) > 0) {
            return r.return(429);
        }
        const problem = headerProblem(r);
        if (problem !== null) {
            return refuse(r, 415, 'encoding', problem);
        }
        let body;
        try {
            body = JSON.parse(r.requestText);
        } catch (e) {
            return refuse(r, 400, 'json', 'The body is not JSON in UTF-8.');
        }
        const checked = rebuild(route.fields, body, r.variables.user);
        if (checked.problem !== undefined) {
            return refuse(r, 400, 'field', checked.problem);
        }
        r.variables.clean_body = JSON.stringify(checked.body);
    }
    r.internalRedirect('@engine');
}

function headerProblem(r) {
    if (r.headersIn['Content-Encoding'] !== undefined) {
        return 'Send the body without Content-Encoding.';
    }
    if (!JSON_TYPE.test(r.headersIn['Content-Type'] || '')) {
        return 'Send the body as application/json in UTF-8.';
    }
    return null;
}

// {body} with the allowed fields in the order of the table and defaults filled in, or {problem}.
function rebuild(fields, body, user) {
    if (typeof body !== 'object' || body === null || Array.isArray(body)) {
        return {problem: 'The body has to be a JSON object.'};
    }
    const unknown = Object.keys(body).find(
        (name) => !Object.prototype.hasOwnProperty.call(fields, name) || fields[name].user);
    if (unknown !== undefined) {
        return {problem: `The field ${JSON.stringify(unknown.slice(0, 40))} is not allowed here.`};
    }
    const clean = {};
    for (const name of Object.keys(fields)) {
        const rule = fields[name];
        if (rule.user) {
            clean[name] = user;
        } else if (Object.prototype.hasOwnProperty.call(body, name)) {
            if (!KINDS[rule.kind](body[name], rule)) {
                return {problem: `The field "${name}" has to be ${rule.says}.`};
            }
            clean[name] = body[name];
        } else if (rule.default !== undefined) {
            clean[name] = rule.default;
        } else if (rule.required) {
            return {problem: `The field "${name}" is missing.`};
        }
    }
    return {body: clean};
}

const isNumber = (value, rule) =>
    typeof value === 'number' && value >= rule.least && value <= rule.most;
const isInteger = (value, rule) => Number.isInteger(value) && isNumber(value, rule);
const isText = (value, rule) => typeof value === 'string' && value.length <= rule.length;
const isList = (value, rule) =>
    Array.isArray(value) && value.length <= rule.count && value.length >= (rule.required ? 1 : 0);
const ownKeys = (value) =>
    typeof value === 'object' && value !== null && !Array.isArray(value) ? Object.keys(value) : null;

// A plain loop: prompts are thousands of numbers long.
function isIntegers(value, rule) {
    if (!isList(value, rule)) {
        return false;
    }
    for (let i = 0; i < value.length; i++) {
        if (!isInteger(value[i], rule)) {
            return false;
        }
    }
    return true;
}

const KINDS = {
    boolean: (value) => typeof value === 'boolean',
    number: isNumber,
    integer: isInteger,
    integers: isIntegers,
    text: isText,
    pattern: (value, rule) => typeof value === 'string' && new RegExp(rule.of).test(value),
    // What vLLM takes to begin a text as asked: {regex: …} and nothing else of its kind.
    start: (value, rule) => ownKeys(value) !== null && ownKeys(value).join() === 'regex'
        && typeof value.regex === 'string' && new RegExp(rule.of).test(value.regex),
    choices: (value, rule) => isList(value, rule) && value.every((item) => rule.of.includes(item)),
    flags: (value, rule) => ownKeys(value) !== null
        && ownKeys(value).every((name) => rule.of.includes(name) && typeof value[name] === 'boolean'),
};

function refuse(r, status, reason, message) {
    r.variables.refused = reason;
    r.headersOut['Content-Type'] = 'application/json';
    r.return(status, JSON.stringify({error: {code: status, type: reason, message: message}}));
}

// By how many seconds the user is further ahead of their share than they may be; negative if not.
// `shares` holds for each user when they are even again. Two workers that write at the same moment
// may lose what one of them adds, which is one request.
function excess(r) {
    const ahead = (ngx.shared.shares.get(r.variables.user) || 0) - Date.now() / 1000;
    return Math.max(0, ahead) - Number(r.variables.share_ahead);
}

// Adds seconds of the engine, or of a refusal, to what the user has had.
function charge(r, seconds) {
    const shares = ngx.shared.shares;
    const user = r.variables.user;
    const now = Date.now() / 1000;
    if ((shares.get(user) || 0) < now) {
        shares.set(user, now);
    }
    shares.incr(user, seconds / Number(r.variables.share_rate), now);
}

// What a request has cost: how long the engines that were tried ('0.010, 0.200', or '-' for none)
// have worked for a completion, and for anything else by its length, since a file is opened with many
// at once, each of which waits for the others.
function cost(r) {
    if (!r.variables.route.includes('completion')) {
        return Number(r.variables.request_length) * SECONDS_PER_BYTE;
    }
    return (r.variables.upstream_response_time || '').split(/[,:]/)
        .reduce((sum, part) => sum + (Number(part) || 0), 0);
}

// What a refusal costs; who is far ahead already pays no more.
function penalty(r) {
    return Math.max(0, Math.min(REFUSED_SECONDS, MOST_SECONDS - excess(r)));
}

// The refusal that says so costs, too, when it is logged. To the millisecond, as sums of times are
// no more exact than that.
function retryAfter(r) {
    return String(Math.max(1, Math.ceil(excess(r) + penalty(r) - 0.001)));
}

// Read once when a request is logged; '1', so that it is.
function counted(r) {
    const seconds = Number(r.variables.request_time);
    if (r.variables.user) {
        charge(r, r.variables.status === '429' ? penalty(r) : cost(r));
    }
    add(`requests|${r.variables.user || '-'}|${r.variables.status}`, 1);
    if (r.variables.why) {
        add(`refused|${r.variables.why}`, 1);
    }
    if (r.variables.status === '200' && r.variables.route.includes('completion')) {
        add('seconds_sum', seconds);
        add('seconds_count', 1);
        SECONDS.filter((bound) => seconds <= bound).forEach((bound) => add(`seconds|${bound}`, 1));
    }
    return '1';
}

function add(name, amount) {
    ngx.shared.counts.incr(name, amount, 0);
}

// The counts in the text format of Prometheus, for the inner port.
function metrics(r) {
    const counts = ngx.shared.counts;
    const lines = {requests: [], refused: [], seconds: []};
    counts.keys().sort().forEach((name) => {
        const parts = name.split('|');
        if (parts[0] === 'requests') {
            lines.requests.push(`sc2_gateway_requests_total{user="${parts[1]}",status="${parts[2]}"} ${counts.get(name)}`);
        } else if (parts[0] === 'refused') {
            lines.refused.push(`sc2_gateway_refused_total{reason="${parts[1]}"} ${counts.get(name)}`);
        }
    });
    SECONDS.forEach((bound) => lines.seconds.push(
        `sc2_gateway_completion_seconds_bucket{le="${bound}"} ${counts.get(`seconds|${bound}`) || 0}`));
    const all = counts.get('seconds_count') || 0;
    lines.seconds.push(`sc2_gateway_completion_seconds_bucket{le="+Inf"} ${all}`,
        `sc2_gateway_completion_seconds_sum ${counts.get('seconds_sum') || 0}`,
        `sc2_gateway_completion_seconds_count ${all}`);
    r.headersOut['Content-Type'] = 'text/plain; version=0.0.4';
    r.return(200, [
        '# HELP sc2_gateway_requests_total Requests from outside, by user and answered status.',
        '# TYPE sc2_gateway_requests_total counter', ...lines.requests,
        '# HELP sc2_gateway_refused_total Requests refused before the engine saw them, by reason.',
        '# TYPE sc2_gateway_refused_total counter', ...lines.refused,
        '# HELP sc2_gateway_completion_seconds Time from the first byte of a request to the last of its answer.',
        '# TYPE sc2_gateway_completion_seconds histogram', ...lines.seconds, ''].join('\n'));
}

export default {keyHash, pass, counted, retryAfter, metrics};
