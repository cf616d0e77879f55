// Branded identifiers: equal as strings, never mixed up by the compiler.

/** An Ed25519 public key, 32 bytes, base64url without padding (43 characters). */
export type MemberId = string & { readonly __memberId: true }

/** A room's id: 16 bytes, base64url without padding (22 characters). */
export type RoomId = string & { readonly __roomId: true }
