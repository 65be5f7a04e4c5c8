import {readFileSync} from 'node:fs';
import path from 'node:path';
import type {Block} from '../blocks.ts';
import {where} from '../blocks.ts';
import {compare, type Policy, type Subject} from './policy.ts';

/** The concerns that an environment is composed of. */
export const concerns = [
  'project-services',
  'storage',
  'messaging',
  'firestore',
  'secrets',
  'network',
  'grader-job',
  'functions',
  'scheduler',
  'observability',
];

const folderOf = ({file}: Block) => file.slice(0, file.lastIndexOf('/'));
const folders = ({blocks}: Subject) => [...new Set(blocks.map(folderOf))];
const ofKind = ({blocks}: Subject, ...types: string[]) => blocks.filter(({type}) => types.includes(type));
const unquote = (text = '') => text.replaceAll('"', '');

/** What the files themselves must be like, beyond what they would make. */
export const sourcePolicies: Policy[] = [
  {
    name: 'provider-is-pinned',
    sentence: 'Every root and module uses hashicorp/google ~> 6.50 and no other provider.',
    find: subject =>
      folders(subject).flatMap(folder => {
        const required = ofKind(subject, 'terraform')
          .filter(block => folderOf(block) === folder)
          .flatMap(({blocks}) => blocks.filter(({type}) => type === 'required_providers'));
        const providers = required.flatMap(({attributes}) => Object.entries(attributes));
        return providers.length === 0
          ? [`${folder} does not say which provider it uses`]
          : providers
              .filter(
                ([name, text]) =>
                  name !== 'google' ||
                  !/^\{\s*source\s*=\s*"hashicorp\/google"\s+version\s*=\s*"~> 6\.50"\s*\}$/.test(text),
              )
              .map(([name, text]) => `${folder}: ${name} is ${text.replaceAll(/\s+/g, ' ')}`);
      }),
  },
  {
    name: 'only-google-resources',
    sentence: 'Nothing comes from another provider, runs a script, or reads a remote module.',
    find: subject => [
      ...ofKind(subject, 'resource', 'data')
        .filter(({labels}) => !labels[0]?.startsWith('google_'))
        .map(block => `${where(block)}: ${block.labels.join('.')}`),
      ...ofKind(subject, 'resource')
        .flatMap(({blocks}) => blocks)
        .filter(({type}) => type === 'provisioner' || type === 'connection')
        .map(block => `${where(block)}: ${block.type}`),
      ...ofKind(subject, 'module')
        .filter(({attributes}) => !/^"\.\.?\//.test(attributes.source ?? ''))
        .map(block => `${where(block)}: source is ${block.attributes.source}`),
    ],
  },
  {
    name: 'variables-are-described',
    sentence: 'Every variable has a type, a description and a validation with a sentence; a bool needs none.',
    find: subject =>
      ofKind(subject, 'variable').flatMap(block => {
        const {attributes, blocks, labels} = block;
        const validations = blocks.filter(({type}) => type === 'validation');
        const isChecked = attributes.type === 'bool' || validations.length > 0;
        return [
          !attributes.type && 'has no type',
          /^(any|map\(any\)|list\(any\))$/.test(attributes.type ?? '') && 'takes anything',
          unquote(attributes.description).length < 10 && 'has no description',
          !isChecked && 'is not validated',
          validations.some(({attributes: {error_message = ''}}) => unquote(error_message).length < 10) &&
            'is refused without a sentence',
        ]
          .filter(fault => typeof fault === 'string')
          .map(fault => `${where(block)}: ${labels[0]} ${fault}`);
      }),
  },
  {
    name: 'outputs-are-described',
    sentence: 'Every output says what it is.',
    find: subject =>
      ofKind(subject, 'output')
        .filter(({attributes}) => unquote(attributes.description).length < 10)
        .map(block => `${where(block)}: ${block.labels[0]} has no description`),
  },
  {
    name: 'rights-are-added-one-by-one',
    sentence: 'Rights are google_*_iam_member, which leave other people’s rights alone.',
    find: subject =>
      ofKind(subject, 'resource', 'data')
        .filter(({labels: [type = '']}) =>
          /_iam_(binding|policy|audit_config)$|^google_iam_policy$|_access_control$|_acl$/.test(type),
        )
        .map(block => `${where(block)}: ${block.labels.join('.')}`),
  },
  {
    name: 'no-keys',
    sentence: 'There is no key of a service account, and no other long-lived key.',
    find: subject =>
      ofKind(subject, 'resource', 'data', 'ephemeral')
        .filter(({labels: [type = '']}) =>
          /_service_account_(key|access_token|jwt)$|_hmac_key$|^google_apikeys_/.test(type),
        )
        .map(block => `${where(block)}: ${block.labels.join('.')}`),
  },
  {
    name: 'no-secret-in-state',
    sentence: 'Terraform makes the places of secrets; what they hold never enters a variable, a plan or a state.',
    find: subject => [
      ...ofKind(subject, 'resource', 'data', 'ephemeral')
        .filter(({labels: [type = '']}) => /secret_version/.test(type))
        .map(block => `${where(block)}: ${block.labels.join('.')}`),
      ...ofKind(subject, 'variable')
        .filter(({labels: [name = '']}) => /(^|_)(token|password|secret|private_key|auth_token)$/.test(name))
        .map(block => `${where(block)}: ${block.labels[0]} looks like a secret`),
    ],
  },
  {
    name: 'no-default-account',
    sentence: 'Nothing runs as the default service account of Compute Engine or App Engine.',
    find: ({blocks}) =>
      blocks
        .filter(block =>
          /default_service_account|developer\.gserviceaccount|appspot\.gserviceaccount/.test(JSON.stringify(block)),
        )
        .map(block => `${where(block)}: ${block.labels.join('.')}`),
  },
  {
    name: 'roots-are-thin',
    sentence: 'An environment is one module and the choices that it makes: no resource, no more than thirty lines.',
    find: ({blocks, root}) => {
      const own = blocks.filter(({file}) => file.startsWith('terraform/environments/'));
      const mains = [...new Set(own.map(({file}) => file))].filter(file => file.endsWith('/main.tf'));
      return [
        ...own
          .filter(({type}) => ['resource', 'data'].includes(type))
          .map(block => `${where(block)}: ${block.labels.join('.')}`),
        ...mains
          .filter(file => own.filter(block => block.file === file && block.type === 'module').length !== 1)
          .map(file => `${file} is not one module`),
        ...mains
          .filter(file => readFileSync(path.join(root, file), 'utf8').trim().split('\n').length > 30)
          .map(file => `${file} has more than 30 lines`),
      ];
    },
  },
  {
    name: 'one-module-per-concern',
    sentence: 'course-environment is composed of one module for each concern.',
    find: subject =>
      compare(
        'course-environment',
        ofKind(subject, 'module')
          .filter(block => folderOf(block) === 'terraform/modules/course-environment')
          .map(({attributes}) => unquote(attributes.source).replace(/^\.\.\//, '')),
        concerns,
      ),
  },
];
