/**
 * Takes one version's section out of a changelog in the form of Keep a Changelog.
 *
 * Throws: when it is not there or says nothing.
 */
export function readSection(changelog: string, version: string): string {
  const sections = changelog.split(/^(?=## )/m);
  const heading = new RegExp(`^## \\[?${version.replaceAll('.', String.raw`\.`)}\\]?(?=[ \\n]|$).*\\n?`);
  const section = sections.find(text => heading.test(text));
  const text = section
    ?.replace(heading, '')
    .replace(/^\[[^\]]+\]: .*$/gm, '')
    .trim();
  if (!text) {
    throw new Error(
      `CHANGELOG.md has no section ${version}, or an empty one: write it, and tag the commit that has it.`,
    );
  }

  return text;
}
