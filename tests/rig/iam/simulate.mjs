// Reads {questions: [...]} from standard input and writes an answer for each to standard output.
// A question is a simulation of @cloud-copilot/iam-simulate; an answer is Allowed, ExplicitlyDenied or ImplicitlyDenied,
// or {error} where AWS would not take the policy, or the action never has a key that the question gives.
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

// import looks beside this file, but what npm installed lies elsewhere: the first argument says where.
const find = createRequire(pathToFileURL(join(process.argv[2], 'package.json')))
const { runSimulation } = find('@cloud-copilot/iam-simulate')

// AWS has aud and sub for every identity provider (IAM User Guide, "Available keys for AWS OIDC federation"). The
// simulator's data, made from the Service Authorization Reference, lack them for GitHub's: two keys of the same type,
// which no policy of ours asks for, stand for them.
const provider = 'token.actions.githubusercontent.com'
const standIns = { sub: 'job_workflow_ref', aud: 'workflow' }
const read = (text) => {
  for (const [name, other] of Object.entries(standIns)) {
    if (text.includes(`"${provider}:${other}"`)) throw new Error(`${other} stands for ${name}`)
    text = text.replaceAll(`"${provider}:${name}"`, `"${provider}:${other}"`)
  }
  return JSON.parse(text)
}

const answer = async ({ context, request, ...rest }) => {
  const simulation = {
    identityPolicies: [],
    serviceControlPolicies: [],
    resourceControlPolicies: [],
    ...rest,
    request: { ...request, contextVariables: context }
  }
  const told = await runSimulation(simulation, {})
  if (told.resultType === 'error') return { error: JSON.stringify(told.errors) }
  const runs = told.result ? [told.result] : told.results
  const ignored = runs.flatMap((run) => run.ignoredContextKeys ?? [])
  return ignored.length > 0 ? { error: `${request.action} has no ${ignored.join(', ')}` } : told.overallResult
}

const { questions } = read(await new Response(process.stdin).text())
const answers = []
for (const question of questions) answers.push(await answer(question))
process.stdout.write(JSON.stringify(answers))
