/** One of a few, all of them in sight: radio buttons in a row. */

import { useId } from 'preact/hooks'

export interface ChoiceProps<T extends string> {
  readonly label: string
  readonly value: T
  readonly options: Readonly<Record<T, string>>
  readonly onChoose: (chosen: T) => void
}

export function Choice<T extends string>({ label, value, options, onChoose }: ChoiceProps<T>) {
  const name = useId()
  return (
    <fieldset class="choice">
      <legend>{label}</legend>
      <div class="choice-row">
        {(Object.keys(options) as T[]).map((key) => (
          <label key={key}>
            <input type="radio" name={name} checked={key === value} onChange={() => onChoose(key)} />
            <span>{options[key]}</span>
          </label>
        ))}
      </div>
    </fieldset>
  )
}
