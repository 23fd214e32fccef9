import pg from 'pg';

/**
 * True when the server itself said no: the transaction is rolled back for certain. Its own no is a DatabaseError with a
 * SQLSTATE (a socket's EPIPE has five characters too); classes 08 and 57P are about the connection, not the statement.
 */
export function isAnsweredByServer(error: unknown): boolean {
  if (!(error instanceof pg.DatabaseError)) return false;
  const { code = '' } = error;
  return code !== '' && !code.startsWith('08') && !code.startsWith('57P');
}
