import {execFile} from 'node:child_process';
import {readFileSync} from 'node:fs';
import path from 'node:path';
import {promisify} from 'node:util';
import test, {type ExecutionContext} from 'ava';
import {findFreePort} from '../emulator/local-server.ts';
import {logInByForm, openSession} from '../testing/browser/hub-session.ts';
import {startHolt} from '../testing/browser/start-holt.ts';
import {python, setUpHub} from '../testing/browser/test-hub.ts';
import {blocksOf, root} from '../testing/documents/markdown.ts';
import {password, startForwarder, startRecipeHub, token} from '../testing/documents/recipe-hub.ts';

const run = promisify(execFile);
const page = 'docs/jupyterhub.md';
const prefix = '/services/otter_grade/';
const blocks = blocksOf(page);
const [plain = '', gofer = '', withRule = '', withOrigin = ''] = blocks
  .filter(({language}) => language === 'python')
  .map(({text}) => text);
const notebook = JSON.parse(
  readFileSync(path.join(root, 'testing/fixtures/otter-lab/submissions/solution.ipynb'), 'utf8'),
);

test.before(async t => {
  t.timeout(600_000, 'the Python environment is made once');
  await setUpHub();
});

const settingsOf = (hub: {apiUrl: string}, origin: string) => ({
  JUPYTERHUB_API_URL: hub.apiUrl,
  JUPYTERHUB_API_TOKEN: token,
  HOLT_HUB_ORIGIN: origin,
  PROXY_HOPS: '2',
});

/** Presses Submit as a browser that is logged in at the hub: through its OAuth, to the answer. */
async function submit(t: ExecutionContext, url: string): Promise<[number, string]> {
  const alice = openSession(url);
  await logInByForm(alice, {username: 'alice', password});
  let answer = await alice.send(prefix, {json: {nb: notebook}});
  for (let redirects = 0; answer.status >= 300 && answer.status < 400 && redirects < 6; redirects += 1) {
    t.false(answer.location.includes('oauth_confirm'));
    answer = await alice.send(answer.location.replace(url, ''));
  }

  return [answer.status, answer.body];
}

/** A function's front: it answers only requests that name it in their Host header. */
const startFront = (name: string, holt: string) =>
  startForwarder((_, host) => (host.split(':')[0] === name ? {url: holt} : undefined));

test.serial('the hub of the recipe lets students submit to a Holt beside it, and gofer’s button too', async t => {
  t.timeout(180_000);
  const port = await findFreePort();
  const hub = await startRecipeHub(`${plain}\n${gofer}`, text =>
    text.replaceAll('127.0.0.1:8080', `127.0.0.1:${port}`),
  );
  t.teardown(hub.close);
  const holt = await startHolt({port, env: settingsOf(hub, hub.url)});
  t.teardown(holt.close);
  const [status, body] = await submit(t, hub.url);
  t.is(status, 200, body);
  t.regex(body, /Your submission is being graded/);
  t.is((await fetch(`${hub.url}/services/gofer_nb/`)).status, 200);
  t.notRegex(hub.log(), /not recognized|No such service field/);
});

const [values = ''] = blocks
  .filter(({language, text}) => language === 'yaml' && text.includes('hub:\n'))
  .map(({text}) => text);

/** A chart's values as its own configuration reads them: services and roles by name. */
const asConfig = (text: string) => `
import yaml
hub = yaml.safe_load(${JSON.stringify(text.replace('TOKEN', token))})['hub']
c.JupyterHub.services = [{'name': n, 'api_token': s.pop('apiToken'), **s} for n, s in hub['services'].items()]
c.JupyterHub.load_roles = [{'name': n, **r} for n, r in hub['loadRoles'].items()]
`;

for (const [kind, recipe] of [
  ['plain', withRule],
  ['Zero to JupyterHub', asConfig(values)],
] as const) {
  test.serial(
    `${kind}: a path rule before the hub sends Holt’s path to a function, with the function’s Host`,
    async t => {
      t.timeout(180_000);
      const port = await findFreePort();
      const front = await startFront('exchange.example', `http://127.0.0.1:${port}`);
      t.teardown(front.close);
      const hub = await startRecipeHub(recipe, text => text);
      t.teardown(hub.close);
      const server = await startForwarder(path =>
        path.startsWith(prefix) ? {url: front.url, host: 'exchange.example'} : {url: hub.url},
      );
      t.teardown(server.close);
      const holt = await startHolt({port, env: settingsOf(hub, server.url)});
      t.teardown(holt.close);
      const [status, body] = await submit(t, server.url);
      t.is(status, 200, body);
    },
  );
}

for (const [what, recipe, expected] of [
  ['does not reach a function', plain, 404],
  ['reaches a function when it rewrites the Host', `${plain}\n${withOrigin}`, 200],
] as const) {
  test.serial(`the hub’s own proxy ${what}`, async t => {
    t.timeout(180_000);
    const port = await findFreePort();
    const front = await startFront('localhost', `http://127.0.0.1:${port}`);
    t.teardown(front.close);
    const hub = await startRecipeHub(recipe, text => text.replaceAll('127.0.0.1:8080', `localhost:${front.port}`));
    t.teardown(hub.close);
    const holt = await startHolt({port, env: settingsOf(hub, hub.url)});
    t.teardown(holt.close);
    const [status, body] = await submit(t, hub.url);
    t.is(status, expected, body);
  });
}

/** Loads values as the chart does: services and roles by name, a class's settings below `hub.config`. */
const loadValues = `
import json, sys, yaml
from jupyterhub.services.service import Service
for text in json.load(sys.stdin):
    values = yaml.safe_load(text)
    for name, service in values["hub"]["services"].items():
        token = service.pop("apiToken")
        fields = {"name": name, "api_token": token, **service}
        unknown = [field for field in fields if field not in Service.class_traits(input=True)]
        assert not unknown, unknown
        made = Service(**fields)
        assert made.oauth_no_confirm and made.oauth_client_id == f"service-{name}", fields
    for role in values["hub"]["loadRoles"].values():
        assert "self" in role["scopes"], role
        assert all(scope == "self" or scope.startswith("access:services!service=") for scope in role["scopes"]), role
print("ok")
`;

test('the values for Zero to JupyterHub are services and roles that JupyterHub takes', async t => {
  const all = blocks.filter(({language, text}) => language === 'yaml' && text.includes('hub:\n'));
  t.is(all.length, 2);
  const running = run(path.join(python, 'bin/python'), ['-c', loadValues]);
  running.child.stdin?.end(JSON.stringify(all.map(({text}) => text)));
  t.is((await running).stdout, 'ok\n');
});

test('every block of YAML can be read as such', async t => {
  const script =
    'import json, sys, yaml; print(sum(len(list(yaml.safe_load_all(text))) for text in json.load(sys.stdin)))';
  const running = run(path.join(python, 'bin/python'), ['-c', script]);
  running.child.stdin?.end(JSON.stringify(blocks.filter(({language}) => language === 'yaml').map(({text}) => text)));
  t.is((await running).stdout, '4\n');
});
