/** Text that is HTML already. Only the template below makes it, so nothing else can get into a page unescaped. */
export class Html {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

export type Value = Html | string | number | false | null | undefined | readonly Value[];

const entities: Record<string, string> = {'&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;'};

/** Escapes text for an element's content or a quoted attribute. */
export const escapeHtml = (text: string): string => text.replace(/[&<>"']/g, character => entities[character] ?? '');

function render(value: Value): string {
  if (value === false || value === null || value === undefined) {
    return '';
  }

  if (value instanceof Html) {
    return value.text;
  }

  return typeof value === 'object' ? value.map(render).join('') : escapeHtml(String(value));
}

/**
 * Writes HTML. Every value is escaped unless it is HTML itself; false, null and undefined are nothing, lists are joined.
 * Attributes are always quoted.
 *
 * @example html`<p title="${name}">${lines.map(line => html`<br>${line}`)}</p>`
 */
export const html = (parts: TemplateStringsArray, ...values: readonly Value[]): Html =>
  new Html(parts.map((part, index) => part + render(values[index])).join(''));
