// The page that all parts of the picture share: the measures, and the colours for light and for dark. Pure.

export const width = 1000
export const margin = 28
export const right = width - margin

/** Colours for light and for dark, each with enough contrast to the ground to be told apart. */
export const style = `
text { font: 13px system-ui, -apple-system, "Segoe UI", "DejaVu Sans", sans-serif; fill: #1f2328 }
.title { font-size: 19px; font-weight: 600 } .head { font-size: 14px; font-weight: 600 }
.small { font-size: 11px; fill: #59636e } .strong { font-weight: 600 } .mono { font-family: ui-monospace, "DejaVu Sans Mono", monospace }
.ground { fill: #ffffff } .grid { stroke: #d1d9e0; stroke-width: 1 } .lens { fill: #f0f3f6 }
.kernel { fill: #b6bec8 } .unpacking { fill: #7d8a99 } .start { fill: #e0b34d } .steps { fill: #1a7f5a } .hand-over { fill: #d1d9e0 } .system { fill: #8a63d2 }
.check { fill: #7d8a99 } .verify { fill: #1a7f5a } .encrypt { fill: #2f6feb } .open { fill: #bc4c00 } .memory { fill: #0f9bb3 } .harden { fill: #bf3989 } .other { fill: #b6bec8 }
.card { fill: #f6f8fa; stroke: #d1d9e0 } .card-verified { stroke: #1a7f5a } .card-encrypted { stroke: #2f6feb } .card-memory { stroke: #0f9bb3 }
.card-none { stroke: #bc4c00; stroke-dasharray: 5 3 } .card-launch { fill: #e6f4ee; stroke: #1a7f5a } .card-unmeasured { fill: #fff4e5; stroke: #bc4c00; stroke-dasharray: 5 3 }
.wire { stroke: #59636e; stroke-width: 1.5 } .head.wire { fill: #59636e; stroke: none } .warn { fill: #bc4c00 }
@media (prefers-color-scheme: dark) {
text { fill: #e6edf3 } .small { fill: #9198a1 } .ground { fill: #0d1117 } .grid { stroke: #30363d } .lens { fill: #161b22 }
.kernel { fill: #484f58 } .unpacking { fill: #8b949e } .start { fill: #d4a72c } .steps, .verify { fill: #3fb984 } .hand-over { fill: #30363d } .system { fill: #a78bfa }
.check { fill: #8b949e } .encrypt { fill: #6ea8fe } .open { fill: #f0883e } .memory { fill: #4cc9dc } .harden { fill: #f778ba } .other { fill: #484f58 }
.card { fill: #161b22; stroke: #30363d } .card-verified { stroke: #3fb984 } .card-encrypted { stroke: #6ea8fe } .card-memory { stroke: #4cc9dc }
.card-none { stroke: #f0883e } .card-launch { fill: #12261e; stroke: #3fb984 } .card-unmeasured { fill: #2b1d0e; stroke: #f0883e }
.wire { stroke: #9198a1 } .head.wire { fill: #9198a1 } .warn { fill: #f0883e }
}
`.trim()

/** A part of the picture: its height, and its shapes when the part begins at `top`. */
export type Part = { readonly height: number; readonly at: (top: number) => string[] }
