/** Which bucket: `results` stands alone, because storage events filter by bucket only. */
export type Bucket = 'work' | 'results';

/** An object's place. Names are made here and nowhere else. */
export type ObjectName = {bucket: Bucket; name: string};

const work = (name: string): ObjectName => ({bucket: 'work', name});

/** The notebook of a submission, parked ones included: the id is the same before and after the claim. */
export const notebookName = (submissionId: string): ObjectName => work(`notebooks/${submissionId}.ipynb`);

/** A parked notebook, apart so that a bucket's lifecycle can end it. */
export const parkedName = (submissionId: string): ObjectName => work(`parked/${submissionId}.ipynb`);

/** An autograder archive, by content. */
export const archiveName = (sha256: string): ObjectName => work(`autograders/${sha256}.zip`);

/** The author's notebook of an activity's creation. */
export const activitySourceName = (creationId: string): ObjectName => work(`activities/${creationId}/source.ipynb`);

/** What a run of `otter assign` made of it: the archive as the run left it, and the students' notebook. */
export const activityArchiveName = (creationId: string, run: number): ObjectName =>
  work(`activities/${creationId}/${run}/autograder.zip`);

export const activityStudentName = (creationId: string, run: number): ObjectName =>
  work(`activities/${creationId}/${run}/student.ipynb`);

/** The list of a batch's manifests. */
export const manifestIndexName = (batch: string): ObjectName => work(`manifests/${batch}/index.json`);

/** One task's manifest. */
export const manifestName = (batch: string, task: number): ObjectName => work(`manifests/${batch}/${task}.json`);

/** A later list of a task; what the task itself puts there closes it. */
export const listName = (batch: string, task: number, list: number): ObjectName =>
  work(`manifests/${batch}/${task}-${list}.json`);

/** The result of a run. `id` is the queue entry's. */
export const resultName = (id: string, run: number): ObjectName => ({
  bucket: 'results',
  name: `results/${id}/${run}.json`,
});

/** Reads a result object's name back; undefined for any other object. */
export function parseResultName(name: string): {id: string; run: number} | undefined {
  const match = /^results\/([\w-]{1,100})\/([1-9]\d{0,6})\.json$/.exec(name);
  return match?.[1] && match[2] ? {id: match[1], run: Number(match[2])} : undefined;
}
