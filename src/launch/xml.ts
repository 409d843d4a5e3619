// Reads a document of XML that somebody edited, by the library xmldom. The document is bounded, and has no document type and so
// no entities of its own. Pure.

import { DOMParser, type Element, type Node } from '@xmldom/xmldom'
import { FoundError } from './facts.ts'

const mostElements = 4096
const mostDepth = 24

export type Tree = {
  readonly name: string
  readonly attributes: ReadonlyMap<string, string>
  /** The text directly in the element, as it is written. */
  readonly text: string
  readonly children: readonly Tree[]
}

/** Refuses a document before the library sees it. Each markup that begins with `<!` is a comment, or is refused. */
const requirePlain = (xml: string): void => {
  if (/<!(?!--)/.test(xml)) throw new FoundError('it has a document type, an entity or a CDATA section')
  if (/<\?(?!xml\s)/.test(xml)) throw new FoundError('it has a processing instruction')
  const tags = xml.replace(/<!--[\s\S]*?-->/g, '').match(/<\/?[^\s<>/?][^<>]*>/g) ?? []
  if (tags.length > 2 * mostElements) throw new FoundError(`it has more than ${mostElements} elements`)
  let depth = 0
  for (const tag of tags) {
    if (tag.startsWith('</')) depth -= 1
    else if (!tag.endsWith('/>')) depth += 1
    if (depth > mostDepth) throw new FoundError(`it has elements more than ${mostDepth} deep`)
  }
}

const isElement = (node: Node): node is Element => node.nodeType === node.ELEMENT_NODE

const treeOf = (element: Element): Tree => {
  const nodes = Array.from(element.childNodes)
  const attributes = Array.from(element.attributes).map(({ name, value }) => [name, value] as const)
  return {
    name: element.nodeName,
    attributes: new Map(attributes),
    text: nodes
      .filter(({ nodeType }) => nodeType === element.TEXT_NODE)
      .map(({ nodeValue }) => nodeValue ?? '')
      .join(''),
    children: nodes.filter(isElement).map(treeOf),
  }
}

/** The root element. Throws `FoundError`. */
export const parseXml = (xml: string): Tree => {
  requirePlain(xml)
  const refuse = (_: 'warning' | 'error' | 'fatalError', message: string): never => {
    throw new FoundError(`it is not well-formed XML: ${message.split('\n')[0]?.slice(0, 200) ?? ''}`)
  }
  try {
    const root = new DOMParser({ onError: refuse }).parseFromString(xml, 'text/xml').documentElement
    if (root === null) throw new FoundError('it has no element')
    return treeOf(root)
  } catch (thrown) {
    if (thrown instanceof FoundError) throw thrown
    throw new FoundError(
      `it is not well-formed XML: ${thrown instanceof Error ? thrown.message.slice(0, 200) : ''}`,
    )
  }
}
