import test from 'ava';
import {parseCourseSources, type SourceSetting} from './course-sources.ts';
import {HoltError} from './errors.ts';

const github: SourceSetting = {kind: 'github', owner: 'edx-berkeley', repo: '8X-autograders'};

const reads = test.macro({
  exec(t, source: string, setting: SourceSetting) {
    t.deepEqual(parseCourseSources(`8x=${source}`), {'8x': setting});
    t.deepEqual(parseCourseSources(JSON.stringify({'8x': source})), {'8x': setting});
  },
  title: (_, source) => `reads the source ${source}`,
});

test(reads, 'github.com/edx-berkeley/8X-autograders', github);
test(reads, 'https://github.com/edx-berkeley/8X-autograders', github);
test(reads, 'https://github.com/edx-berkeley/8X-autograders.git', github);
test(reads, 'https://github.com/edx-berkeley/8X-autograders/', github);
test(reads, 'github.com/o/a.b.git', {kind: 'github', owner: 'o', repo: 'a.b'});
test(reads, '/srv/demo', {kind: 'folder', path: '/srv/demo'});
test(reads, './demo', {kind: 'folder', path: './demo'});
test(reads, '..', {kind: 'folder', path: '..'});
test(reads, 'folder:/srv/demo', {kind: 'folder', path: '/srv/demo'});
test(reads, 'folder:demo', {kind: 'folder', path: 'demo'});

test('reads several courses, in short form and as JSON', t => {
  const both = {demo: {kind: 'folder', path: '/srv/a=b'}, '8x': github};
  t.deepEqual(parseCourseSources(' demo = /srv/a=b , 8x=github.com/edx-berkeley/8X-autograders,'), both);
  t.deepEqual(parseCourseSources('{"demo": "/srv/a=b", "8x": "https://github.com/edx-berkeley/8X-autograders"}'), both);
});

test('a path with a comma is possible in JSON', t => {
  t.deepEqual(parseCourseSources('{"demo": "/srv/a,b"}'), {demo: {kind: 'folder', path: '/srv/a,b'}});
});

const refuses = test.macro({
  exec(t, text: string, said: RegExp) {
    const error = t.throws(() => parseCourseSources(text), {instanceOf: HoltError});
    t.is(error.code, 'invalid-setting');
    t.regex(error.message, /^HOLT_COURSES/);
    t.regex(error.message, said);
  },
  title: (_, text: string) => `refuses HOLT_COURSES=${text.slice(0, 60)}`,
});

test(refuses, '', /names no course/);
test(refuses, ' , ', /names no course/);
test(refuses, '{}', /names no course/);
test(refuses, '{"demo": ', /not JSON/);
test(refuses, '{"demo": 1}', /"demo" is not text/);
test(refuses, 'demo', /"demo" has no "="/);
test(refuses, 'demo=', /"demo="/);
test(refuses, '=/srv', /course name ""/);
test(refuses, `${'x'.repeat(201)}=/srv`, /course name "x+"/);
test(refuses, 'demo=/a,demo=/b', /"demo" is named twice/);
test(refuses, 'demo=srv', /"demo=srv" is neither/);
test(refuses, 'demo=github.com/owner', /"demo=github.com\/owner" is neither/);
test(refuses, 'demo=github.com/owner/repo/tree/main', /neither/);
test(refuses, 'demo=github.com/owner/..', /neither/);
test(refuses, 'demo=https://gitlab.com/owner/repo', /neither/);
