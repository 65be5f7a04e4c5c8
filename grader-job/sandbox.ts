import {accessSync, constants, existsSync, lstatSync, readlinkSync, realpathSync} from 'node:fs';
import path from 'node:path';
import type {Isolation} from '../domain/result.ts';
import {findR} from './find-r.ts';
import {placeLayers} from './layers.ts';

/** A process to start. Its environment is `env` and nothing else. */
export type Command = {file: string; args: string[]; env: Record<string, string>; uid?: number};

/** One way of keeping student code apart. */
export type Sandbox = {
  isolation: Isolation;
  /** Whether its processes are a user of their own, so that counting that user's processes counts only them. */
  ownUser: boolean;
  /** `tmpBytes` is all that may be written in it; `folder` is the temporary folder where there is no sandbox. */
  wrap: (command: readonly string[], tmpBytes: number, folder: string) => Command;
};

/** Where the grader's own parts are on this machine. `scripts` is the folder of grade.py, `layers` that of packages. */
export type Places = {python: string; scripts: string; layers?: string};

/** Where the scripts are in a sandbox. */
const SCRIPTS = '/holt';
const UID = 20_001;

const isRoot = () => process.getuid?.() === 0;

/** Another user for each process of this machine's root, so that concurrent runs do not count each other's processes. */
const otherUid = () => UID + (process.pid % 40_000);

const findTool = (name: string): string | undefined =>
  ['/usr/bin', '/bin', '/usr/local/bin', '/usr/sbin', '/sbin']
    .map(folder => `${folder}/${name}`)
    .find(file => {
      try {
        accessSync(file, constants.X_OK);
        return true;
      } catch {
        return false;
      }
    });

/** All of the outside that a sandbox shows, read-only: programs, libraries, fonts, the grader's Python and scripts. */
export function planRoot(places: Places): {binds: [string, string][]; links: [string, string][]} {
  const {python, scripts} = places;
  const same = (file: string): [string, string] => [file, file];
  const environment = path.dirname(path.dirname(python));
  const base = path.dirname(path.dirname(realpathSync(python)));
  const folders = ['/bin', '/sbin', '/lib', '/lib32', '/lib64'].filter(folder => existsSync(folder));
  const isLink = (folder: string) => lstatSync(folder).isSymbolicLink();
  const files = [
    '/etc/ld.so.cache',
    '/etc/ld.so.conf',
    '/etc/ld.so.conf.d',
    '/etc/fonts',
    '/etc/alternatives',
    '/etc/mime.types',
    '/var/cache/fontconfig',
    placeLayers(places),
    ...findR(findTool('Rscript')).folders,
  ].filter(file => existsSync(file));
  const own = [
    ...['grade.py', 'grade_r.py', 'grade.R', 'assign.py', 'checks.py', 'messages.py', 'plugins.py'].map(
      (file): [string, string] => [`${scripts}/${file}`, `${SCRIPTS}/${file}`],
    ),
    ...['hosts', 'nsswitch.conf'].map((file): [string, string] => [`${scripts}/etc/${file}`, `/etc/${file}`]),
  ];
  const pythons = [environment, base].filter(folder => folder !== '/usr' && folder !== '/');
  return {
    binds: [...['/usr', ...folders.filter(folder => !isLink(folder)), ...files, ...new Set(pythons)].map(same), ...own],
    links: folders.filter(isLink).map(folder => [readlinkSync(folder), folder]),
  };
}

/** The folders above these files, the upper first. Left to bubblewrap, only root could look into them. */
function listParents(files: readonly string[]): string[] {
  const above = (file: string): string[] => (file === '/' ? [] : [...above(path.dirname(file)), file]);
  return [...new Set(files.flatMap(file => above(path.dirname(file))))];
}

/** What a Python needs of an environment, and one thread per library: the same on every machine, and few processes. */
const makeEnvironment = (python: string, folder: string): Record<string, string> => ({
  PATH: `${path.dirname(python)}:/usr/local/bin:/usr/bin:/bin`,
  HOME: folder,
  TMPDIR: folder,
  USER: 'student',
  LOGNAME: 'student',
  LANG: 'C.UTF-8',
  PYTHONDONTWRITEBYTECODE: '1',
  PYTHONNOUSERSITE: '1',
  OMP_NUM_THREADS: '1',
  OPENBLAS_NUM_THREADS: '1',
  MKL_NUM_THREADS: '1',
  ...findR(findTool('Rscript')).environment,
});

/** The command that runs the grader in a sandbox. */
export const gradeCommand = ({python, scripts}: Places, {isolation}: Sandbox): string[] => [
  python,
  isolation === 'none' ? `${scripts}/grade.py` : `${SCRIPTS}/grade.py`,
];

type BubblewrapKind = {userNamespace: boolean; uid?: number};

function makeBubblewrap(bwrap: string, places: Places, {userNamespace, uid}: BubblewrapKind): Sandbox {
  const {binds, links} = planRoot(places);
  const setpriv = findTool('setpriv') ?? 'setpriv';
  const user = String(userNamespace ? UID : otherUid());
  const own = userNamespace
    ? ['--unshare-user', '--uid', user, '--gid', user]
    : ['CAP_SETUID', 'CAP_SETGID', 'CAP_SETPCAP'].flatMap(capability => ['--cap-add', capability]);
  // Root without a user namespace becomes another user only inside, after bubblewrap has used its rights.
  const drop = userNamespace
    ? []
    : [setpriv, '--reuid', user, '--regid', user, '--clear-groups', '--inh-caps=-all', '--bounding-set=-all', '--'];
  return {
    isolation: 'bubblewrap',
    ownUser: true,
    wrap: (command, tmpBytes) => ({
      file: bwrap,
      args: [
        ...['--unshare-pid', '--unshare-net', '--unshare-ipc', '--unshare-uts', '--unshare-cgroup-try', ...own],
        ...['--die-with-parent', '--new-session', '--hostname', 'grader', '--proc', '/proc', '--dev', '/dev'],
        ...['/tmp', '/dev/shm'].flatMap(folder => ['--perms', '1777', '--size', `${tmpBytes}`, '--tmpfs', folder]),
        ...listParents(binds.map(([, to]) => to)).flatMap(folder => ['--perms', '0755', '--dir', folder]),
        ...links.flatMap(([target, link]) => ['--symlink', target, link]),
        ...binds.flatMap(([from, to]) => ['--ro-bind', from, to]),
        ...['--remount-ro', '/dev', '--remount-ro', '/', '--chdir', '/tmp', '--', ...drop, ...command],
      ],
      env: makeEnvironment(places.python, '/tmp'),
      ...(uid === undefined ? {} : {uid}),
    }),
  };
}

function makeUnshare(unshare: string, places: Places, asRoot: boolean): Sandbox {
  const {binds, links} = planRoot(places);
  const setpriv = findTool('setpriv') ?? 'setpriv';
  const user = asRoot ? [] : ['--user', '--map-root-user'];
  const spaces = ['--mount', '--pid', '--net', '--ipc', '--uts', '--fork', '--kill-child'];
  return {
    isolation: 'unshare',
    ownUser: true,
    wrap(command, tmpBytes) {
      const env = makeEnvironment(places.python, '/tmp');
      const tmpfs = ['/tmp', '/dev/shm'].map(folder => [folder, tmpBytes]);
      const plan = JSON.stringify({uid: asRoot ? otherUid() : UID, asRoot, binds, links, tmpfs, env, command});
      const isolate = [places.python, '-I', '-S', `${places.scripts}/isolate.py`, plan];
      return {file: setpriv, args: ['--pdeathsig', 'KILL', '--', unshare, ...user, ...spaces, '--', ...isolate], env};
    },
  };
}

/** No sandbox at all: a machine without namespaces, where whoever starts it said so. */
export const makeBare = ({python}: Places): Sandbox => ({
  isolation: 'none',
  ownUser: false,
  wrap: ([file = python, ...args], _tmpBytes, folder) => ({file, args, env: makeEnvironment(python, folder)}),
});

/** Every way that this machine's tools offer, the best first. Whether one works is for a probe to say. */
export function listSandboxes(places: Places): Sandbox[] {
  const bwrap = findTool('bwrap');
  const unshare = findTool('unshare');
  const root = isRoot();
  return [
    ...(bwrap && root ? [makeBubblewrap(bwrap, places, {userNamespace: false})] : []),
    ...(bwrap ? [makeBubblewrap(bwrap, places, {userNamespace: true, ...(root ? {uid: otherUid()} : {})})] : []),
    ...(unshare ? [makeUnshare(unshare, places, root)] : []),
  ];
}
