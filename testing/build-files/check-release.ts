import {ancestorsOf, commandOf, followedBy} from './check-build.ts';
import type {Build} from './read-builds.ts';

/** The three build files together. */
export type Builds = {main: Build; request: Build; tag: Build};

/** What each step of the main build does, as its command begins. */
const clauses: Record<string, RegExp> = {
  tools: /^docker build /,
  install: /^release\/in-tools\.sh npm ci$/,
  lint: /^release\/in-tools\.sh npm run lint$/,
  typecheck: /^release\/in-tools\.sh npm run typecheck$/,
  test: /^release\/in-tools\.sh \.ci\/run$/,
  bundle: /^release\/in-tools\.sh npm run build$/,
  'build-functions': /^docker build --file functions\/Dockerfile .*--tag functions \.$/,
  'build-grader': /^docker build --file grader-job\/Dockerfile .*--tag otter-grader \.$/,
  'smoke-functions': /^release\/smoke\.sh functions functions$/,
  'smoke-grader': /^release\/smoke\.sh otter-grader otter-grader$/,
  'check-courses': /^release\/check-courses\.sh otter-grader \$_COURSES$/,
  'push-functions': /^release\/push\.sh functions \$_IMAGES\/functions \$COMMIT_SHA$/,
  'push-grader': /^release\/push\.sh otter-grader \$_IMAGES\/otter-grader \$COMMIT_SHA$/,
  deploy: /^node cli\/holt\.ts deploy \$_ENVIRONMENT --digests \.holt\/build\/digests --yes$/,
};
const pushed = ['functions', 'otter-grader'].map(name => `$_IMAGES/${name}:$COMMIT_SHA`);
/** What leaves the builder, or changes what runs. */
const leaves = /\b(push|deploy|gcloud|publish|promote)\b|name-images/;

/** Lists what the files together do not do that a release must. */
export const checkRelease = ({main, request, tag}: Builds): string[] => [
  ...checkMain(main),
  ...checkRequest(request, main),
  ...checkTag(tag),
];

function checkMain(main: Build): string[] {
  const ids = main.steps.map(({id}) => id).filter(id => id !== 'report');
  const wrong = Object.entries(clauses).filter(([id, clause]) => {
    const step = main.steps.find(one => one.id === id);
    return !step || !clause.test(commandOf(step));
  });
  // Nothing is pushed that was not tried out; nothing is deployed that was not pushed.
  const before: Record<string, string[]> = {
    test: ['install', 'lint', 'typecheck'],
    'push-functions': ['test', 'smoke-functions', 'check-courses'],
    'push-grader': ['test', 'smoke-grader', 'check-courses'],
    deploy: ids.filter(id => id !== 'deploy'),
  };
  const secrets: Record<string, string[]> = {
    'check-courses': ['COURSE_CONTENT_READER_PRIVATE_KEY'],
    report: ['SLACK_WEBHOOK'],
  };
  return [
    ...wrong.map(([id]) => `main: ${id} does not do its work`),
    ...ids.filter(id => !(id in clauses)).map(id => `main: nobody says what ${id} is for`),
    ...Object.entries(before).flatMap(([id, wanted]) =>
      wanted.filter(one => !ancestorsOf(main.steps, id).has(one)).map(one => `main: ${id} does not wait for ${one}`),
    ),
    ...main.steps
      .filter(({id, secretEnv}) => secretEnv.join() !== (secrets[id] ?? []).join())
      .map(({id, secretEnv}) => `main: ${id} reads ${secretEnv.join() || 'no secret'}`),
    ...(main.images.join() === pushed.join() ? [] : ['main: what is pushed is not what gets provenance']),
    ...(main.options.requestedVerifyOption === 'VERIFIED' ? [] : ['main: nothing asks for provenance']),
    ...(main.serviceAccount?.includes('/holt-build-release@') ? [] : ['main: builds as somebody else']),
  ];
}

/** A pull request does what main does up to the smoke tests, and nothing that needs trust. */
function checkRequest(request: Build, main: Build): string[] {
  const steps = request.steps.slice(0, -1);
  const first = main.steps.slice(0, steps.length);
  const next = main.steps[steps.length]?.id;
  return [
    ...(JSON.stringify(steps) === JSON.stringify(first) && next === 'check-courses'
      ? []
      : ['request: its steps are not the first ones of main']),
    ...(request.availableSecrets.secretManager.length > 0 || request.steps.some(({secretEnv}) => secretEnv.length > 0)
      ? ['request: reads a secret']
      : []),
    ...(request.images.length > 0 ? ['request: pushes an image'] : []),
    ...steps.filter(step => leaves.test(commandOf(step))).map(({id}) => `request: ${id} leaves the builder`),
    ...(request.serviceAccount?.includes('/holt-build-check@') ? [] : ['request: builds as somebody else']),
  ];
}

function checkTag(tag: Build): string[] {
  const [names, publish] = tag.steps;
  return [
    ...(names && /^release\/name-images\.sh \$_IMAGES \$COMMIT_SHA \$TAG_NAME$/.test(commandOf(names))
      ? []
      : ['tag: the images of the commit get no name']),
    ...(publish &&
    /^node release\/publish\.ts \$_GITHUB_REPOSITORY \$TAG_NAME$/.test(commandOf(publish)) &&
    followedBy(publish)?.includes('name-images') &&
    publish.secretEnv.join() === 'RELEASE_TOKEN'
      ? []
      : ['tag: the release is not published after its images have their name']),
    ...(tag.steps.some(step => /docker (build|push)|deploy/.test(commandOf(step))) ? ['tag: builds or deploys'] : []),
    ...(tag.serviceAccount?.includes('/holt-build-tag@') ? [] : ['tag: builds as somebody else']),
  ];
}
