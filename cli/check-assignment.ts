import JSZip from 'jszip';
import type {Limits} from '../domain/limits.ts';
import {checkArchive} from '../functions/dispatch/check-archive.ts';
import {
  checkAgreement,
  checkFullMarks,
  checkMaxima,
  checkPlainOtter,
  checkReview,
  checkZero,
  type Named,
} from './check-checks.ts';
import type {Graders, OpenGraders} from './check-grading.ts';
import {listShort, suggestLimits} from './check-limits.ts';
import type {Check, Report} from './check-report.ts';
import {sayLayer} from './layers.ts';

/** What is checked: an archive, and as many of its notebooks as there are. */
export type Material = {
  subject: string;
  archive: Uint8Array;
  limits: Limits;
  solution?: Uint8Array | undefined;
  student?: Uint8Array | undefined;
  notes?: string[];
};

const USABLE = 'The archive can be used.';

/** The report of an archive that nothing else can be said of. */
export const reportProblem = (subject: string, limits: Limits, problem: string): Report => ({
  subject,
  checks: [{id: 'archive', name: USABLE, ok: false, details: [problem]}],
  questions: [],
  unsupported: [],
  packages: [],
  runtimes: [],
  limits: {now: limits, suggested: undefined},
  notes: [],
});

/** Checks one assignment: what its graders say of the archive, of the solution and of a notebook without answers. */
export async function checkAssignment(material: Material, openGraders: OpenGraders): Promise<Report> {
  const {subject, archive, limits} = material;
  const form = await checkArchive(archive);
  if (!form.ok) {
    return reportProblem(subject, limits, `The archive ${form.problem}.`);
  }

  const graders = await openGraders(archive, limits);
  if ('problem' in graders) {
    return reportProblem(subject, limits, graders.problem);
  }

  try {
    return await checkWith(graders, material);
  } finally {
    await graders.close();
  }
}

async function checkWith(graders: Graders, material: Material): Promise<Report> {
  const {subject, archive, limits, notes = []} = material;
  const {ready, inspection} = graders;
  const untouched: {what: string; notebook: Uint8Array} = material.student
    ? {what: 'The untouched student notebook', notebook: material.student}
    : {what: 'A notebook without cells', notebook: await makeBlank(archive)};
  const notebooks = [...(material.solution ? [{what: 'The solution', notebook: material.solution}] : []), untouched];

  // One at a time, so that the times are those of a notebook alone; plain otter's are much longer anyway.
  const ours: Named[] = [];
  for (const {what, notebook} of notebooks) {
    ours.push({what, run: await graders.grade(notebook)});
  }

  const [solution] = material.solution ? ours : [];
  const again = material.solution && (await graders.grade(material.solution));
  // Where plain otter graded, it has nothing to be compared with.
  const isJudged = ready?.unsupported.length === 0;
  const plain: Named[] = isJudged
    ? await Promise.all(notebooks.map(async ({what, notebook}) => ({what, run: await graders.gradePlain(notebook)})))
    : [];
  const checks: Check[] = [
    {id: 'archive', name: USABLE, ok: true, details: []},
    checkMaxima(inspection.questions, ours),
    ...(solution && again ? [checkFullMarks(solution.run), checkAgreement(solution.run, again)] : []),
    checkZero(untouched.what, (ours.at(-1) as Named).run),
    ...(isJudged ? [checkPlainOtter(ours, plain), checkReview(ours)] : []),
  ];
  const suggestion = solution && again && suggestLimits([solution.run, again]);
  return {
    subject,
    checks,
    questions: inspection.questions.map(question => ({
      ...question,
      forgeable: isJudged
        ? (ready?.forgeable[question.name] ?? []).map(index => `${question.name} - ${index + 1}`)
        : null,
    })),
    unsupported: ready?.unsupported ?? [],
    packages: graders.layer.packages,
    runtimes: [
      ...ours.map(toRuntime),
      ...plain.map(({what, run}) => toRuntime({what: `${what} with plain otter`, run})),
    ],
    limits: {now: limits, suggested: suggestion},
    notes: [...notes, ...listNotes(graders), ...(suggestion ? listShort(limits, suggestion) : [])],
  };
}

const toRuntime = ({what, run: {seconds, memoryBytes, verdict}}: Named) => ({
  what,
  seconds,
  memoryBytes,
  ...(verdict ? {cells: verdict.seconds.cells, checks: verdict.seconds.checks} : {}),
});

const listNotes = ({ready, layer}: Graders): string[] => [
  ...(layer.key === undefined
    ? []
    : [`It ${sayLayer(layer)}. Run npm run make-layer with it before its release, so that the grader has that too.`]),
  ...(ready
    ? ready.notes
    : [
        ...layer.notes,
        'Holt’s own grader needs namespaces, which this machine has not: plain otter graded, without a sandbox.',
      ]),
];

/** A notebook of this assignment that has no cells: what the archive gives to nothing. */
async function makeBlank(archive: Uint8Array): Promise<Uint8Array> {
  const zip = await JSZip.loadAsync(archive);
  const config = JSON.parse((await zip.file('otter_config.json')?.async('string')) ?? '{}');
  const metadata = {otter: {assignment_name: config.assignment_name ?? null}};
  return Buffer.from(JSON.stringify({nbformat: 4, nbformat_minor: 5, metadata, cells: []}));
}
