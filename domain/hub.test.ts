import test from 'ava';
import {isStaff, userOfReferer} from './hub.ts';

const names = test.macro({
  exec(t, referer: string | undefined, user: string | undefined) {
    t.is(userOfReferer(referer), user);
  },
  title: (_, referer, user) => `the page ${String(referer).slice(0, 70)} names ${user}`,
});

test(names, undefined, undefined);
test(names, '', undefined);
test(names, 'https://hub.example/', undefined);
test(names, 'https://hub.example/user/alice/lab/tree/lab01.ipynb', 'alice');
test(names, 'https://hub.example/user/alice', 'alice');
test(names, 'https://hub.example/jupyter/user/alice/server-2/lab?reset', 'alice');
test(names, 'http://127.0.0.1:8000/user/alice%40x.org/lab', 'alice@x.org');
test(names, 'https://hub.example/user/%C3%BCn%C3%AF/lab', 'ünï');
test(names, 'https://hub.example/user/user/user/bob/', 'user');
test(names, 'https://hub.example/hub/home?next=/user/alice/', undefined);
test(names, 'https://hub.example/#/user/alice/', undefined);
test(names, 'https://hub.example/user//lab', undefined);
test(names, 'https://hub.example/user/%E0%A4%A/lab', undefined);
test(names, 'javascript:/user/alice/', undefined);
test(names, '/user/alice/lab', undefined);

test('a long address is read in no time', t => {
  const start = performance.now();
  for (const part of ['/', '/user', '/user/', '/a', '//user', '%2F']) {
    userOfReferer(`https://hub.example${part.repeat(100_000)}`);
    userOfReferer(`https://${part.repeat(100_000)}`);
  }

  t.true(performance.now() - start < 1000);
});

const staff = test.macro({
  exec(t, user: {name?: string; groups?: string[]; admin?: boolean}, expected: boolean) {
    const asked = {name: 'grace', groups: [], ...user};
    t.is(isStaff(asked, 'demo', {staff: ['teacher'], admins: ['root']}), expected);
  },
  title: (_, user, expected) => `${JSON.stringify(user)} is ${expected ? '' : 'not '}staff of demo`,
});

test(staff, {}, false);
test(staff, {name: 'teacher'}, true);
test(staff, {name: 'root'}, true);
test(staff, {groups: ['demo-staff']}, true);
test(staff, {groups: ['formgrade-demo']}, true);
test(staff, {groups: ['other-staff', 'demo', 'demo-students', 'staff', 'xdemo-staff']}, false);
test(staff, {admin: true}, false);
