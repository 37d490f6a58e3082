"""Reuse of earlier materials: a portal asks, the person sees and decides, the portal fetches once.

Flow: `POST /reuse/v1/intents` checks what a portal needs (`need`) and gives a preview address → the person opens it,
`resolve` finds what is held for each need and `preview` shows it exactly as it will be sent → `release` writes an
immutable receipt and a package and sends the browser back with a one-time code → `POST /reuse/v1/redeem` hands the
package over once. `wiring` mounts the endpoints and pages; nobody else imports this.
"""
