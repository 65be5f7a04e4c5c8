/** One measured value. */
export type Figure = {
  name: string;
  value: number;
  unit: string;
  /** What it should be; without one it is for information. */
  target?: {least: number} | {most: number};
  note?: string;
};

/** Tells whether a figure is as it should be; undefined without a target. */
export const isMet = ({value, target}: Figure): boolean | undefined =>
  target && ('least' in target ? value >= target.least : value <= target.most);

/** Hands a bench's figures to `bench/main.ts`, or prints them when the bench was started by itself. */
export async function report(figures: readonly Figure[]): Promise<void> {
  if (process.send) {
    await new Promise(resolve => process.send?.({figures}, resolve));
    process.disconnect?.();
  } else {
    process.stdout.write(`${toTable(figures)}\n`);
  }
}

/** Says what is going on, beside the results. */
export const say = (line: string): void => void process.stderr.write(`${line}\n`);

/** Writes figures as a Markdown table that is also readable in a terminal. */
export function toTable(figures: readonly Figure[]): string {
  const rows = figures.map(figure => [
    figure.name,
    `${round(figure.value)} ${figure.unit}`,
    sayTarget(figure),
    figure.note ?? '',
  ]);
  const all = [['figure', 'value', 'target', 'note'], ...rows];
  const widths = [0, 1, 2, 3].map(column => Math.max(...all.map(row => row[column]?.length ?? 0), 3));
  const line = (cells: string[]) =>
    `| ${cells.map((cell, at) => (at === 1 ? cell.padStart(widths[at] ?? 0) : cell.padEnd(widths[at] ?? 0))).join(' | ')} |`;
  const [head = [], ...body] = all;
  const rule = widths.map((width, at) => (at === 1 ? `${'-'.repeat(width - 1)}:` : '-'.repeat(width)));
  return [head, rule, ...body].map(line).join('\n');
}

function sayTarget(figure: Figure): string {
  const {target, unit} = figure;
  if (!target) {
    return '';
  }

  const wanted = 'least' in target ? `≥ ${target.least}` : `≤ ${target.most}`;
  return `${wanted} ${unit}${isMet(figure) ? '' : ' MISSED'}`;
}

const round = (value: number): string =>
  Math.abs(value) >= 100 ? value.toFixed(0) : value.toFixed(Math.abs(value) >= 10 ? 1 : 2);
