import type {SourceSetting} from '../domain/course-sources.ts';
import type {CourseSource} from '../domain/ports.ts';

/** The settings it reads, by their names in the environment. */
export type GitHubAppSettings = {
  COURSE_CONTENT_READER_APP_ID?: string | undefined;
  COURSE_CONTENT_READER_PRIVATE_KEY?: string | undefined;
  COURSE_CONTENT_READER_INSTALLATION_ID?: string | undefined;
  GITHUB_API_URL?: string | undefined;
  /** A config beside the sources' own; one of this machine when it begins with /. */
  COURSE_CONFIG_PATH?: string | undefined;
};

/** Makes the source of each course. GitHub's client is loaded only when a course is there; folders share nothing. */
export async function makeCourseSources(
  courses: Record<string, SourceSetting>,
  settings: GitHubAppSettings,
): Promise<Map<string, CourseSource>> {
  const app = {
    appId: settings.COURSE_CONTENT_READER_APP_ID ?? '',
    privateKey: settings.COURSE_CONTENT_READER_PRIVATE_KEY ?? '',
    installationId: settings.COURSE_CONTENT_READER_INSTALLATION_ID ?? '',
    baseUrl: settings.GITHUB_API_URL,
  };
  const sources = new Map<string, CourseSource>();
  for (const [course, setting] of Object.entries(courses)) {
    if (setting.kind === 'folder') {
      const {makeFolderSource} = await import('./course-folder.ts');
      sources.set(course, makeFolderSource(setting.path));
    } else {
      const {makeGitHubSource} = await import('./github.ts');
      sources.set(course, makeGitHubSource({...app, owner: setting.owner, repo: setting.repo}));
    }
  }

  const file = settings.COURSE_CONFIG_PATH;
  if (file?.startsWith('/')) {
    const {addConfigFile} = await import('./config-file.ts');
    return new Map([...sources].map(([course, source]) => [course, addConfigFile(source, file)]));
  }

  return sources;
}
