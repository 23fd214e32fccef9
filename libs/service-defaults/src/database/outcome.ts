/**
 * True when the server itself said no: the transaction is rolled back for certain. The server's own no carries a
 * five-character SQLSTATE; classes 08 and 57P are about the connection, not the statement.
 */
export function isAnsweredByServer(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  return /^[0-9A-Z]{5}$/.test(code) && !code.startsWith('08') && !code.startsWith('57P');
}
