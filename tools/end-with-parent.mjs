// Loaded before a command, see hand-over.mjs. A parent that is killed with -9 sends no signal, but its end of the channel closes.
// SIGTERM lets a command that handles it stop what it has started; what any other has started ends with its process.
process.on('disconnect', () => process.kill(process.pid, 'SIGTERM'));
// The channel alone must not keep the command alive.
process.channel?.unref();
