//! Endpoint pool for JSON-RPC and WebSocket: failover, rate budget, hedging, circuit breaker.
