// The gateway's counters in the Prometheus text format (version 0.0.4). Counts only: no room, socket or address.
import type { GatewayStats } from './gateway.ts'

export const METRICS_MEDIA_TYPE = 'text/plain; version=0.0.4; charset=utf-8'

export function renderMetrics(stats: GatewayStats, uptimeSeconds: number, residentBytes: number): string {
  return [
    gauge('sockets', 'Open sockets.', stats.sockets),
    gauge('rooms', 'Rooms with at least one member.', stats.rooms),
    gauge('members', 'Sockets that joined a room.', stats.members),
    gauge('addresses', 'Network addresses remembered for rate limits.', stats.addresses),
    gauge('uptime_seconds', 'Seconds since the server started.', Math.floor(uptimeSeconds)),
    gauge('resident_bytes', 'Resident memory of the process.', residentBytes),
    counter('connections_total', 'Sockets opened.', stats.connections),
    counter('relayed_bytes_total', 'Payload characters passed on.', stats.relayedBytes),
    counter('internal_errors_total', 'Faults of the server itself.', stats.internalErrors),
    family('frames_total', 'Valid frames by type.', 'type', stats.frames),
    family('errors_total', 'Refusals by code.', 'code', stats.errors),
    family('disconnects_total', 'Sockets that the server ended, by reason.', 'reason', stats.disconnects),
    '',
  ].join('\n')
}

function gauge(name: string, help: string, value: number): string {
  return `${head(name, help, 'gauge')}\nyoriai_signaling_${name} ${value}`
}

function counter(name: string, help: string, value: number): string {
  return `${head(name, help, 'counter')}\nyoriai_signaling_${name} ${value}`
}

function family(name: string, help: string, label: string, values: Readonly<Record<string, number>>): string {
  const lines = Object.entries(values).map(
    ([key, value]) => `yoriai_signaling_${name}{${label}="${key}"} ${value}`,
  )
  return [head(name, help, 'counter'), ...lines].join('\n')
}

function head(name: string, help: string, type: 'gauge' | 'counter'): string {
  return `# HELP yoriai_signaling_${name} ${help}\n# TYPE yoriai_signaling_${name} ${type}`
}
