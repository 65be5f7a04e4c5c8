import type {ExecutionContext, TestFn} from 'ava';
import type {Records} from '../../domain/ports.ts';
import {filtersContract} from './filters.ts';
import {queriesContract} from './queries.ts';
import {transactionsContract} from './transactions.ts';
import {valuesContract} from './values.ts';

/** Opens an empty store for one test, and ends it with the test. */
export type MakeRecords = (t: ExecutionContext) => Promise<Records>;

/** Registers what every engine's records must do. */
export function recordsContract(test: TestFn, makeRecords: MakeRecords): void {
  transactionsContract(test, makeRecords);
  queriesContract(test, makeRecords);
  filtersContract(test, makeRecords);
  valuesContract(test, makeRecords);
}
