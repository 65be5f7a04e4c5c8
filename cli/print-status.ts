import type {Status} from '../domain/status.ts';

/** Takes out what would steer a terminal: texts come from notebooks. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is taken out.
export const clean = (text: string): string => text.replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g, '');

export const points = (value: number): string => String(Math.round(value * 100) / 100);

const line = (name: string, value: string): string => `${`${name}:`.padEnd(12)} ${value}`;

/** Writes a status for people. */
export function printStatus(status: Status): string {
  const {id, course, section, assignment, student, state, score, passback, timeline, questions, message} = status;
  const lines = [
    line('submission', id),
    line('assignment', `${assignment} (${course}, section ${section})`),
    line('student', student),
    line('notebook', `${status.bytes} bytes, SHA-256 ${status.sha256}`),
    line('state', state),
    ...(score ? [line('score', `${points(score.earned)}/${points(score.possible)}`)] : []),
    ...(passback ? [line('gradebook', `${passback.state}: ${passback.message}`)] : []),
    line('message', message),
    ...(status.staff?.detail ? [line('for staff', status.staff.detail)] : []),
    ...(status.staff?.review ?? []).map(sign => line('for review', sign)),
    '',
    ...timeline.map(({stage, at}) => `  ${at}  ${stage}`),
    ...(questions.length > 0 ? [''] : []),
    ...questions.flatMap(({name, earned, possible, output}) => [
      `  ${points(earned)}/${points(possible)}  ${name}`,
      ...(output && earned < possible
        ? output
            .trimEnd()
            .split('\n')
            .map(text => `      ${text}`)
        : []),
    ]),
  ];
  return clean(lines.join('\n'));
}
