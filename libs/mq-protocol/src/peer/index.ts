export { connectPeer, type ConnectPeerOptions } from './connect-peer.js';
export { listenPeers, type ListenPeersOptions, type PeerServer } from './listen-peers.js';
export type { AnswerHandler, PeerHandlers } from './peer-handlers.js';
export { DEFAULT_PEER_LIMITS, type PeerLimits } from './peer-limits.js';
export { Peer } from './peer.js';
export { SLAB_BYTES, takeSlab } from './slab-pool.js';
