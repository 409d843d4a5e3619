import { bundleProduct, products } from './bundle.ts'
import { packagesIn } from './package/licenses.ts'

const s = await bundleProduct(products.production, { project: '0.1.0', git: 'x' } as never)
console.log(Buffer.byteLength(s.boot.text), Buffer.byteLength(s.verbs.text))
console.log(JSON.stringify(packagesIn([s.verbs.meta as never])))
