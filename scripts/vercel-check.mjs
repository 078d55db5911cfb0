// Checks .vercel/output: one function per file of api/ (with --single: the one that serves everything), and some of them answer when they are run as Vercel does it,
// with requests on VERCEL_DEV_PORT and messages over the socket VERCEL_IPC_PATH.
import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync } from 'node:fs'
import net from 'node:net'
import os from 'node:os'
import path from 'node:path'

const functions = '.vercel/output/functions'
const patience = 20_000

function files(folder, suffix) {
  const entries = readdirSync(folder, { recursive: true }).map(String)
  return entries.filter(entry => entry.endsWith(suffix)).map(entry => entry.slice(0, -suffix.length)).sort()
}

function fail(message) {
  console.error(`vercel-check: ${message}`)
  process.exit(1)
}

const single = process.argv.includes('--single')
const wanted = single ? ['index'] : files('api', '.rs')
// A function of `builds` keeps its source's extension.
const extension = single ? '.rs' : ''
const built = files(path.join(functions, 'api'), `${extension}.func`)
if (JSON.stringify(wanted) !== JSON.stringify(built)) fail(`api/ has ${wanted}, the output has ${built}`)

function configuration(name) {
  return JSON.parse(readFileSync(path.join(functions, 'api', `${name}${extension}.func`, '.vc-config.json'), 'utf8'))
}

function binary(name) {
  const { filePathMap, handler } = configuration(name)
  return path.resolve(filePathMap[handler])
}

for (const name of wanted) {
  const megabytes = (statSync(binary(name)).size / 1e6).toFixed(2)
  console.log(`${name}: ${megabytes} MB, maxDuration ${configuration(name).maxDuration} s`)
}

// Calls end 20 s before this.
const longest = single ? ['index'] : ['index', 'v1/chat/completions', 'v1/completions']
for (const name of longest) {
  const { maxDuration } = configuration(name)
  if (maxDuration !== 300) fail(`${name} may run for ${maxDuration} s and not for 300 s`)
}

/// Where the platform sends a path that is no file: the destination of the first of its rules that matches.
function destination(pathname) {
  const { routes } = JSON.parse(readFileSync('.vercel/output/config.json', 'utf8'))
  const rule = routes.find(({ src, dest, status }) => src && (dest || status) && new RegExp(src).test(pathname))
  return rule?.dest ?? rule?.status
}

if (!single) {
  const to = destination('/api/user/api-keys/1')
  if (!String(to).startsWith('/api/user/api-keys/[id]')) fail(`a path with a parameter goes to ${to}`)
}

// The console's files are the platform's own, under the policy that its function sends elsewhere. Its page is a function's: its policy goes
// by the deployment's variables, which no rule of the platform can.
if (!single) {
  if (existsSync('.vercel/output/static/console/index.html')) fail("the console's page is a file, under a policy that knows no variable")
  for (const file of ['main.js', 'style.css']) {
    if (!existsSync(`.vercel/output/static/console/${file}`)) fail(`the console lacks ${file}`)
  }
  const { routes } = JSON.parse(readFileSync('.vercel/output/config.json', 'utf8'))
  const policyOf = asked => {
    const sent = routes.filter(({ src, headers }) => headers && new RegExp(src).test(asked)).flatMap(({ headers }) => Object.entries(headers))
    return sent.find(([name]) => name.toLowerCase() === 'content-security-policy')?.[1]
  }
  for (const asked of ['/console/main.js', '/console/vendor/htm-3.1.1.mjs']) {
    const policy = policyOf(asked) ?? ''
    if (!policy.startsWith("default-src 'none'") || policy.includes('unsafe')) fail(`${asked} comes under the policy \`${policy}\``)
  }
  for (const asked of ['/console', '/console/']) {
    if (policyOf(asked)) fail(`${asked} comes under the policy \`${policyOf(asked)}\` of the platform and not under its function's`)
  }
  const to = destination('/console')
  if (to !== '/api/console') fail(`the console's page comes from ${to}`)
}

// What no rule knows is answered by the gateway: as JSON, and readable for a browser's scripts.
for (const unknown of ['/no/such/path', '/v1/moderations', '/v1/models/', '/api/no/such/path']) {
  const to = destination(unknown)
  if (!String(to).startsWith('/api/index')) fail(`${unknown} goes to ${to} and not to the function that knows all`)
}

function freePort() {
  return new Promise(resolve => {
    const server = net.createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address()
      server.close(() => resolve(port))
    })
  })
}

/// Runs the function, asks it for `target` and waits for the end of that invocation.
async function drive(name, target, status = 200, variables = {}) {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'vercel-'))
  const socket = path.join(folder, 'ipc.sock')
  const port = await freePort()
  const messages = []
  const waiting = new Set()
  const ipc = net.createServer(stream => {
    let rest = ''
    stream.setEncoding('utf8').on('data', text => {
      const parts = (rest + text).split('\0')
      rest = parts.pop()
      messages.push(...parts.map(part => JSON.parse(part)))
      for (const check of waiting) check()
    })
  })
  await new Promise(resolve => ipc.listen(socket, resolve))
  const message = type => new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`${name}: no message ${type}`)), patience)
    const check = () => {
      const found = messages.find(it => it.type === type)
      if (!found) return
      clearTimeout(timer)
      waiting.delete(check)
      resolve(found)
    }
    waiting.add(check)
    check()
  })
  const began = performance.now()
  const child = spawn(binary(name), { env: { VERCEL_IPC_PATH: socket, VERCEL_DEV_PORT: String(port), ...variables }, stdio: 'inherit' })
  try {
    await message('server-started')
    const headers = { 'x-vercel-internal-invocation-id': 'check', 'x-vercel-internal-request-id': '1' }
    const response = await fetch(`http://127.0.0.1:${port}${target}`, { headers })
    const first = performance.now() - began
    const body = await response.text()
    await message('end')
    console.log(`${name} ${target}: ${response.status} ${first.toFixed(1)} ms after exec: ${body.slice(0, 60)}`)
    if (response.status !== status) fail(`${name} ${target}: ${response.status} ${body}`)
    if (!response.headers.get('access-control-allow-origin')) fail(`${name} ${target}: closed to browsers`)
    if (status === 404 && !JSON.parse(body).error?.message) fail(`${name} ${target}: ${body}`)
    return response.headers
  } finally {
    child.kill('SIGKILL')
    ipc.close()
    rmSync(folder, { recursive: true })
  }
}

if (!single) {
  await drive('ping', '/ping')
  await drive('ping', '/api/ping')
  await drive('root', '/')
  for (const [variables, named] of [[{}, false], [{ PRIVY_APP_ID: 'app' }, true]]) {
    const policy = (await drive('console', '/console', 200, variables)).get('content-security-policy')
    if (policy.includes('https://auth.privy.io') !== named) fail(`the console's page comes under the policy \`${policy}\``)
  }
}
await drive('index', '/ping/stats')
await drive('index', '/no/such/path', 404)
