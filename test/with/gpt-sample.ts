// A partition table of two partitions for tests: the bytes of its two copies are known, and other programs read it alike.

import { type Gpt, type GptPartition, gptAttributes, gptTypes } from '../../src/layout/gpt.ts'

export const gptPartition = (number: number, first: bigint, last: bigint): GptPartition => ({
  number,
  first,
  last,
  type: gptTypes.root,
  uuid: '809217c8-602a-b3d8-e5ba-21964a950e48',
  name: 'root-fs',
  attributes: gptAttributes.readOnly | gptAttributes.noAuto,
})

export const gptSample: Gpt = {
  uuid: '80c80724-f70c-87eb-aac4-65106f233300',
  blockSize: 512,
  blocks: 20480n,
  partitions: [
    gptPartition(1, 2048n, 4095n),
    { ...gptPartition(2, 4096n, 4103n), name: 'workspace', type: gptTypes.linux },
  ],
}
