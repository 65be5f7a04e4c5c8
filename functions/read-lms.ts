import type {LmsSettings} from './passback/find-route.ts';
import type {Settings} from './settings.ts';

/** Reads whether scores are posted, to which LMS, and to which hosts at most. */
export function readLms(settings: Settings): LmsSettings {
  const {LTI_CONSUMER_KEY, LTI_CONSUMER_SECRET, EDX_URL, EDX_BASE_URL, HOLT_LMS_HOSTS, POST_GRADE} = settings;
  const isSigned = Boolean(LTI_CONSUMER_KEY && LTI_CONSUMER_SECRET);
  const edx = [EDX_URL?.toLowerCase(), EDX_BASE_URL && new URL(EDX_BASE_URL).host].filter(host => host !== undefined);
  return {
    post: POST_GRADE ?? true,
    lms: isSigned && EDX_URL !== undefined ? {host: EDX_URL, baseUrl: EDX_BASE_URL} : undefined,
    hosts: isSigned ? [...edx, ...HOLT_LMS_HOSTS] : [],
  };
}
