import test from 'ava';
import {recordsContract} from './contracts/records.ts';
import {makeMemoryRecords} from './memory-records.ts';

recordsContract(test, async () => makeMemoryRecords());
