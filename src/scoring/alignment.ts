/** Which unit of one text stands for which of another. Units are words or characters: whatever the caller compares. */

/** A pair of units; undefined where the other text has nothing in this place. */
export interface AlignedUnits {
  readonly reference: string | undefined
  readonly hypothesis: string | undefined
}

/** Most texts of the same recording agree within it. */
const LEAST_BAND = 32
/** A byte each: what the texts of a recording of many hours may take, however little they have in common. */
const MOST_CELLS = 64 * 1024 * 1024

const STEPS = { diagonal: 0, deletion: 1, insertion: 2 } as const
const UNREACHED = 0xffff_ffff

/**
 * The two texts side by side, by the fewest edits (Levenshtein) that turn one into the other.
 *
 * Only a band along the diagonal is looked at, which is widened until nothing outside of it could take fewer edits
 * (Ukkonen, 1985). Where that would take too much memory, hours of text that hardly agree, the edits are the fewest
 * within the band.
 */
export function alignUnits(reference: readonly string[], hypothesis: readonly string[]): AlignedUnits[] {
  if (hypothesis.length > reference.length) {
    return alignUnits(hypothesis, reference).map((pair) => ({
      reference: pair.hypothesis,
      hypothesis: pair.reference,
    }))
  }
  const nRows = reference.length + 1
  for (let reach = LEAST_BAND; ; reach *= 2) {
    const band = new Band(reference, hypothesis, reach)
    const isWhole = reach >= hypothesis.length
    const isEnough = 2 * band.nEdits + 1 <= reach // a path strays by its edits, the band's middle by the lengths' difference
    const wouldBeTooLarge = nRows * Math.min(4 * reach + 1, hypothesis.length + 1) > MOST_CELLS
    if (isWhole || isEnough || wouldBeTooLarge) return band.path()
  }
}

/** The cheapest way to each cell of a band along the diagonal: row i, column j is after i and j units. */
class Band {
  readonly nEdits: number
  readonly #reference: readonly string[]
  readonly #hypothesis: readonly string[]
  readonly #reach: number
  readonly #width: number
  /** [rows × width]: the last step of the way to each cell. */
  readonly #steps: Uint8Array

  /** @param hypothesis  not the longer one, so that the band moves by at most one column from row to row. */
  constructor(reference: readonly string[], hypothesis: readonly string[], reach: number) {
    this.#reference = reference
    this.#hypothesis = hypothesis
    this.#reach = reach
    this.#width = Math.min(2 * reach + 1, hypothesis.length + 1)
    this.#steps = new Uint8Array((reference.length + 1) * this.#width)
    this.nEdits = this.#fill()
  }

  #from(row: number): number {
    return Math.max(0, this.#middle(row) - this.#reach)
  }

  #to(row: number): number {
    return Math.min(this.#hypothesis.length, this.#middle(row) + this.#reach)
  }

  #middle(row: number): number {
    return row === 0 ? 0 : Math.floor((row * this.#hypothesis.length) / this.#reference.length)
  }

  /** @returns the edits of the whole way. */
  #fill(): number {
    let above = new Uint32Array(this.#width).fill(UNREACHED)
    let costs = new Uint32Array(this.#width).fill(UNREACHED)
    for (let row = 0; row <= this.#reference.length; row++) {
      const from = this.#from(row)
      const to = this.#to(row)
      const shift = row === 0 ? 0 : from - this.#from(row - 1)
      const lastAbove = row === 0 ? -1 : this.#to(row - 1)
      const unit = this.#reference[row - 1]
      for (let column = from; column <= to; column++) {
        const at = column - from
        const diagonalAt = at - 1 + shift
        let best = row === 0 && column === 0 ? 0 : UNREACHED
        let step: number = STEPS.diagonal
        if (diagonalAt >= 0 && column > 0 && column - 1 <= lastAbove) {
          best = above[diagonalAt]! + (unit === this.#hypothesis[column - 1] ? 0 : 1)
        }
        if (column <= lastAbove && above[at + shift]! + 1 < best) {
          best = above[at + shift]! + 1
          step = STEPS.deletion
        }
        if (at > 0 && costs[at - 1]! + 1 < best) {
          best = costs[at - 1]! + 1
          step = STEPS.insertion
        }
        costs[at] = best
        this.#steps[row * this.#width + at] = step
      }
      ;[above, costs] = [costs, above]
    }
    return above[this.#hypothesis.length - this.#from(this.#reference.length)]!
  }

  path(): AlignedUnits[] {
    const pairs: AlignedUnits[] = []
    let row = this.#reference.length
    let column = this.#hypothesis.length
    while (row > 0 || column > 0) {
      const step = this.#steps[row * this.#width + column - this.#from(row)]
      const reference = step === STEPS.insertion ? undefined : this.#reference[--row]
      const hypothesis = step === STEPS.deletion ? undefined : this.#hypothesis[--column]
      pairs.push({ reference, hypothesis })
    }
    return pairs.reverse()
  }
}
