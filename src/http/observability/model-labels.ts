/** Names of models as labels. Each is a series of its own for every metric, so strangers must not make up new ones. */

/** More than anybody serves; where ALLOWED_MODELS lets callers name any repository, there could be thousands. */
const MOST_MODELS = 100

export class ModelLabels {
  readonly #known = new Set<string>()

  /** @param modelId  of a model of this service; undefined where a request named another. */
  labelOf(modelId: string | undefined): string {
    if (modelId === undefined) return '(unknown)'
    if (!this.#known.has(modelId) && this.#known.size >= MOST_MODELS) return '(other)'
    this.#known.add(modelId)
    return modelId
  }
}
