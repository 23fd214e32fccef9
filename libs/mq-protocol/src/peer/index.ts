export { connectPeer, type ConnectPeerOptions } from './connect-peer.js';
export { frameMemory } from './frame-memory.js';
export { listenPeers, type ListenPeersOptions, type PeerServer } from './listen-peers.js';
export type { PeerLimits } from './peer-limits.js';
export { Peer, type AnswerHandler, type PeerHandlers } from './peer.js';
export { SLAB_BYTES, takeSlab } from './slab-pool.js';
export { unsentMemory } from './unsent-memory.js';
