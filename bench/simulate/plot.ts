import type {Row} from './run-case.ts';

const panel = {width: 300, height: 250, gap: 24, left: 56, top: 74} as const;
const size = {width: panel.left + 3 * panel.width + 2 * panel.gap + 30, height: panel.top + panel.height + 110};
const range = {from: 8, to: 2000} as const;
const ticks = [10, 20, 50, 100, 200, 500, 1000];
const GOAL_SECONDS = 75;

type Line = {label: string; colour: string; dash?: string; of: (row: Row) => boolean};

/** Colours that are told apart by people who see some of them alike, and in print. */
const lines: readonly Line[] = [
  {label: '1 a task, 100 tasks allowed', colour: '#d55e00', dash: '2 3', of: isSpike(1, 100)},
  {label: '1 a task, 500 tasks allowed', colour: '#d55e00', of: isSpike(1, 500)},
  {label: '4 a task, 100 tasks allowed', colour: '#0072b2', dash: '2 3', of: isSpike(4, 100)},
  {label: '4 a task, 200 tasks allowed', colour: '#0072b2', of: isSpike(4, 200)},
  {
    label: '1 a list, 16 lists a task, 200 tasks',
    colour: '#007d5c',
    of: row => row.group === 'more' && row.lists === 16,
  },
];

function isSpike(perTask: number, parallelTasks: number): Line['of'] {
  return row => row.group === 'spike' && row.perTask === perTask && row.parallelTasks === parallelTasks;
}

/** Draws how many of the spike's submissions are graded within how long, for each start latency. */
export function writePlot(rows: readonly Row[]): string {
  const starts = [...new Set(rows.filter(({group}) => group === 'spike').map(({startSeconds}) => startSeconds))];
  const title = 'Share of 2,000 submissions in ten minutes that is graded within so many seconds of its upload';
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${size.width} ${size.height}" role="img" aria-label="${title}" font-family="system-ui, sans-serif" font-size="13">`,
    `<rect width="${size.width}" height="${size.height}" fill="#fff"/>`,
    write(panel.left, 26, title, 'font-size="16" font-weight="600"'),
    ...starts.map((start, at) => drawPanel(rows, start, panel.left + at * (panel.width + panel.gap), at === 0)),
    ...drawLegend(),
    '</svg>',
    '',
  ].join('\n');
}

function drawPanel(rows: readonly Row[], startSeconds: number, left: number, isFirst: boolean): string {
  const {width, height, top} = panel;
  const bottom = top + height;
  const x = (value: number) => left + (Math.log(value / range.from) / Math.log(range.to / range.from)) * width;
  const y = (share: number) => bottom - share * height;
  const parts = [write(left, top - 18, `start ${startSeconds} s`, 'font-weight="600"')];
  for (const share of [0, 0.25, 0.5, 0.75, 0.95, 1]) {
    parts.push(`<path d="M${left} ${at(y(share))}h${width}" stroke="${share === 0.95 ? '#888' : '#ddd'}"/>`);
    if (isFirst) {
      parts.push(
        write(left - 8, y(share) + (share === 0.95 ? 10 : 4), `${share * 100} %`, 'text-anchor="end" fill="#444"'),
      );
    }
  }

  for (const value of ticks) {
    parts.push(`<path d="M${at(x(value))} ${top}v${height}" stroke="#eee"/>`);
    parts.push(
      write(x(value), bottom + 18, value === 1000 ? '1000 s' : `${value}`, 'text-anchor="middle" fill="#444"'),
    );
  }

  parts.push(`<path d="M${at(x(GOAL_SECONDS))} ${top}v${height}" stroke="#000" stroke-width="1.5"/>`);
  parts.push(write(x(GOAL_SECONDS), top - 5, `${GOAL_SECONDS} s`, 'text-anchor="middle" font-size="12"'));
  for (const line of lines) {
    const row = rows.find(each => each.startSeconds === startSeconds && line.of(each));
    const points = row?.curve.map((value, index) => `${at(x(value))} ${at(y((index + 1) / 100))}`) ?? [];
    parts.push(`<path d="M${points.join('L')}" fill="none" ${stroke(line)}/>`);
  }

  return parts.join('\n');
}

function drawLegend(): string[] {
  const top = panel.top + panel.height + 46;
  return lines.flatMap((line, index) => {
    const left = panel.left + (index % 2) * 320 + (index === 4 ? 640 : 0);
    const y = top + (index === 4 ? 0 : Math.floor(index / 2) * 24);
    return [`<path d="M${left} ${y}h34" ${stroke(line)}/>`, write(left + 42, y + 4, line.label, '')];
  });
}

const at = (value: number) => value.toFixed(1);
const stroke = ({colour, dash}: Line) =>
  `stroke="${colour}" stroke-width="2.2"${dash ? ` stroke-dasharray="${dash}"` : ''}`;
const write = (x: number, y: number, text: string, attributes: string) =>
  `<text x="${at(x)}" y="${at(y)}" ${attributes}>${text}</text>`;
