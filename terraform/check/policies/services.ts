import {targets} from '../../../functions/settings.ts';
import type {Plan, Resource} from '../plan.ts';
import {at, compare, each, listAt, ofType, type Policy, textAt} from './policy.ts';

const container = 'template.0.containers.0';
const service = 'google_cloud_run_v2_service';
const digest = /^[\w.-]+\/[\w./-]+@sha256:[0-9a-f]{64}$/;

const settingOf = ({values}: Resource, name: string) =>
  textAt(
    listAt(values, `${container}.env`).find(variable => textAt(variable, 'name') === name),
    'value',
  );
const isFor = (target: string) => (resource: Resource) => settingOf(resource, 'FUNCTION_TARGET') === target;
const servicesFor = (plan: Plan, target: string) => ofType(plan, service).filter(isFor(target));

export const servicePolicies: Policy[] = [
  {
    name: 'six-functions',
    sentence: 'Each function is a service of its own, chosen by FUNCTION_TARGET, as an account of its own.',
    find: ({environment}) => [
      ...compare(
        'functions',
        ofType(environment, service).map(resource => settingOf(resource, 'FUNCTION_TARGET')),
        targets,
      ),
      ...each(ofType(environment, service), 'service', resource => [
        !textAt(resource.values, 'name').endsWith(settingOf(resource, 'FUNCTION_TARGET')) && 'has another name',
        !textAt(resource.values, 'template.0.service_account').includes(
          `holt-${settingOf(resource, 'FUNCTION_TARGET')}@`,
        ) && 'runs as another function’s account',
      ]),
    ],
  },
  {
    name: 'digests',
    sentence: 'Images are named by digest, and the functions are one image.',
    find: ({environment}) => {
      const images = new Set(ofType(environment, service).map(({values}) => textAt(values, `${container}.image`)));
      const [job] = ofType(environment, 'google_cloud_run_v2_job');
      return [...images, textAt(job?.values, 'template.0.template.0.containers.0.image')]
        .filter(image => !digest.test(image))
        .map(image => `${image || 'an image'} is not named by digest`)
        .concat(images.size === 1 ? [] : [`The functions are ${images.size} images.`]);
    },
  },
  {
    name: 'images-are-left-to-releases',
    sentence: 'An apply never takes a release back: services and job ignore a change of their image.',
    find: ({blocks}) =>
      blocks
        .filter(({type, labels}) => type === 'resource' && /^google_cloud_run_v2_(service|job)$/.test(labels[0] ?? ''))
        .filter(
          block =>
            !block.blocks.some(
              ({type, attributes}) =>
                type === 'lifecycle' && /containers\[0\]\.image/.test(attributes.ignore_changes ?? ''),
            ),
        )
        .map(({labels}) => `${labels.join('.')} would set the image back`),
  },
  {
    name: 'exchange-size',
    sentence: 'exchange has 1 vCPU, 2 GiB and takes eight requests at a time.',
    find: ({environment}) =>
      each(servicesFor(environment, 'exchange'), 'exchange', ({values}) => [
        textAt(values, `${container}.resources.0.limits.cpu`) !== '1' && 'has not 1 vCPU',
        textAt(values, `${container}.resources.0.limits.memory`) !== '2Gi' && 'has not 2 GiB',
        at(values, 'template.0.max_instance_request_concurrency') !== 8 && 'does not take eight at a time',
      ]),
  },
  {
    name: 'services-are-bounded',
    sentence: 'Each service says how many instances, how much memory and how long a request it may take.',
    find: ({environment}) =>
      each(ofType(environment, service), 'service', ({values}) => [
        !(Number(at(values, 'template.0.scaling.0.max_instance_count')) >= 1) && 'has no limit of instances',
        !/^\d+(Mi|Gi)$/.test(textAt(values, `${container}.resources.0.limits.memory`)) && 'has no limit of memory',
        !/^\d+s$/.test(textAt(values, 'template.0.timeout')) && 'has no limit of time',
      ]),
  },
  {
    name: 'only-exchange-is-reached',
    sentence: 'Only exchange takes calls from outside of Google Cloud.',
    find: ({environment}) =>
      each(ofType(environment, service), 'service', resource => {
        const ingress = textAt(resource.values, 'ingress');
        return [
          isFor('exchange')(resource)
            ? !/^INGRESS_TRAFFIC_(ALL|INTERNAL_LOAD_BALANCER)$/.test(ingress) && 'cannot be reached'
            : ingress !== 'INGRESS_TRAFFIC_INTERNAL_ONLY' && `takes ${ingress || 'every call'}`,
        ];
      }),
  },
  {
    name: 'deletion-protection',
    sentence: 'Services, job and secrets are not deleted by a plan.',
    find: ({environment}) =>
      each(
        ofType(environment, service, 'google_cloud_run_v2_job', 'google_secret_manager_secret'),
        'service',
        ({values}) => [at(values, 'deletion_protection') !== true && 'can be deleted by a plan'],
      ),
  },
];
