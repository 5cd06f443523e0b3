/** How the first contract puts failures: `{"detail": "…"}`, its own sentences in Portuguese. */

import { AsrError } from '../../../errors/index.ts'
import { type ErrorForm, plainFailure, STATUSES } from '../../failures/error-forms.ts'

/** Also of what belongs to no surface, such as an unknown path. */
export const detailForm: ErrorForm = (error, request) => {
  if (!(error instanceof AsrError)) {
    const { status, sentence } = plainFailure(error, request)
    return { status, body: { detail: status === 500 ? processingFailed(sentence) : sentence } }
  }
  if (error.code === 'ASR_UPLOAD_MISSING') return { status: 400, body: { detail: 'Nenhum arquivo enviado.' } }
  if (error.code === 'ASR_MODEL_UNKNOWN') {
    return { status: 400, body: { detail: `Modelo '${request.facts.modelId}' não suportado.` } }
  }
  const status = STATUSES[error.code] ?? 500
  return { status, body: { detail: status === 500 ? processingFailed(error.sentence) : error.sentence } }
}

function processingFailed(sentence: string): string {
  return `Erro no processamento de áudio: ${sentence}`
}
