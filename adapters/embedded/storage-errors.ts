import {HoltError} from '../../domain/errors.ts';

type SystemError = Error & {code?: string; errcode?: number};

/** What a system's or SQLite's error number means for the person who runs Holt. */
const reasons: Record<string, string> = {
  ENOSPC: 'the disk is full: free some space',
  EDQUOT: 'the quota is used up: free some space',
  EFBIG: 'the file system allows no larger file: move the folder',
  EROFS: 'the disk is read-only: mount it for writing',
  EACCES: 'this user may not write there: give the folder to this user',
  EPERM: 'this user may not write there: give the folder to this user',
  ENOTDIR: 'a part of its path is a file: choose another folder',
  EMFILE: 'too many files are open: raise the limit of open files',
  8: 'the disk is read-only, or this user may not write there: give the folder to this user',
  10: 'the disk answered with an error: look at the system log',
  11: 'the database is damaged: restore a backup',
  13: 'the disk is full: free some space',
  14: 'the database cannot be opened: give the folder to this user',
};

/** Says in a sentence why storage failed; a purposeful error stays as it is. */
export function tellStorageError(error: unknown, folder: string): HoltError {
  if (error instanceof HoltError) {
    return error;
  }

  const {code = '', errcode, message} = error as SystemError;
  // The low byte is SQLite's primary code, the rest tells details.
  const reason = reasons[errcode === undefined ? code : String(errcode & 0xff)] ?? message;
  return new HoltError('storage-unavailable', `The data in ${folder} cannot be used; ${reason}.`, {cause: error});
}

/** Whether a file operation failed with the given code, such as `ENOENT`. */
export const hasCode = (error: unknown, code: string): boolean => (error as SystemError | undefined)?.code === code;

/** Takes a file that is not there for none at all; any other error is thrown again. */
export function ignoreMissing(error: unknown): undefined {
  if (!hasCode(error, 'ENOENT')) {
    throw error;
  }
}
