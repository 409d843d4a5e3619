// The picture of the choice of a key: questions from top to bottom, and the lines of partition.conf that the answers lead to. Pure.

import { arrow } from '../../src/terminal/svg.ts'
import { card, cardHeight, down, label, picture } from './frame.ts'

/** One question, the answer that ends the questions, and where that answer leads. */
type Question = {
  readonly asked: readonly [string, string]
  readonly answer: 'yes' | 'no'
  readonly lines: readonly [string, string]
}

export const questions: readonly Question[] = [
  {
    asked: ['Does anybody need the data after this boot?', 'the next boot, or the owner of a job-store'],
    answer: 'no',
    lines: ['KEY=ephemeral', 'random bytes of this boot'],
  },
  {
    asked: ['Does the VM run on SEV-SNP?', 'TDX derives no keys'],
    answer: 'no',
    lines: ['KEY=tpm2', 'with TPM_TRUST=inside; else ephemeral'],
  },
  {
    asked: ['Must the volume open after an update?', 'of the image, the command line or the configuration'],
    answer: 'yes',
    lines: ['KEY=snp BIND=id-block', 'you sign each launch with an ID key'],
  },
  {
    asked: ['Shall the key need a TPM as well?', "beside the chip, the VM's own TPM"],
    answer: 'yes',
    lines: ['KEY=snp+tpm2', 'bound to chip and TPM'],
  },
]

export const otherwise: readonly [string, string] = [
  'KEY=snp BIND=measurement',
  'bound to exactly this launch',
]

const questionColumn = { x: 28, width: 440 }
const answerColumn = { x: 620, width: 340 }
const step = cardHeight + 40
const top = 28

export const drawKeys = (): string => {
  const last = top + questions.length * step
  const asked = questions.flatMap(({ asked: words, answer, lines }, i) => {
    const y = top + i * step
    const middle = y + cardHeight / 2
    const right = questionColumn.x + questionColumn.width
    const below = { x: 100, y: y + cardHeight }
    return [
      ...card({ ...questionColumn, y }, words, 'plain'),
      arrow({ x: right, y: middle }, { x: answerColumn.x, y: middle }, 'wire'),
      label({ x: right + 50, y: middle - 7 }, answer, 'strong', 80),
      ...card({ ...answerColumn, y }, lines, lines[0].endsWith('ephemeral') ? 'memory' : 'encrypted'),
      ...down(below, { x: below.x, y: y + step }),
      label({ x: below.x + 12, y: y + cardHeight + 25 }, answer === 'yes' ? 'no' : 'yes', 'strong', 80),
    ]
  })
  const words = questions.map(
    ({ asked: [question], answer, lines: [first, second] }) =>
      `${question} If ${answer}: ${first}, ${second}.`,
  )
  return picture(
    'Which key for which volume: four questions',
    `${words.join(' ')} Otherwise: ${otherwise.join(', ')}. For an owner of the job-store, JOBSTORE_OWNER as well.`,
    last + cardHeight + 52,
    [
      ...asked,
      ...card({ x: questionColumn.x, y: last, width: questionColumn.width }, otherwise, 'encrypted'),
      label(
        { x: questionColumn.x, y: last + cardHeight + 30 },
        'Where the model owner wants the results: a KEY that lasts, and JOBSTORE_OWNER.',
        'head',
        940,
      ),
    ],
  )
}
