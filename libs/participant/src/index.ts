export { ContradictingDeductError } from './errors.js';
export { deduct } from './deduct.js';
export type { Deduct, DeductOutcome } from './deduct.js';
export type { AnswerRelay, ParticipantDatabase } from './participant-database.js';
export { ParticipantLog } from './participant-log.js';
export type { ColumnValue, LogColumns, LogOutcome, LogRow, ParticipantLogOptions } from './participant-log.js';
export { undo } from './undo.js';
export type { Undo, UndoOutcome } from './undo.js';
