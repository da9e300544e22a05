import { type Command, Option } from 'commander';
import type { ResponseOf } from '../../client/types.js';
import { FREEZE_STEPS, type FreezeStep } from '../../domain/freeze.js';
import { fromWireId } from '../../domain/ids.js';
import { auditInWords, limitInWords, PLAN_LIMITS, PLAN_NAMES, PLANS, type Plan } from '../../domain/plans.js';
import type { Cli } from '../cli.js';
import { EXIT, Failure } from '../failure.js';
import { type PageOptions, pageOf, suggestMore, withPage } from '../paging.js';
import { table } from '../render/table.js';

type Tenant = ResponseOf<'show_tenant'>;

/** `sluice tenant`: what operators of the platform do, with the credential of SLUICE_OPERATOR_KEY. */
export const tenantCommands = (program: Command, cli: Cli): void => {
  const tenant = program
    .command('tenant')
    .description('for operators of the platform: workspaces, and freezes by two operators; needs SLUICE_OPERATOR_KEY');
  const connect = async () => (await cli.connect({ operator: true })).client;
  const present = (shown: Tenant): void => {
    cli.present(shown, () => tenantText(shown));
    const next = nextStep(shown);
    if (next) cli.suggest(next);
  };
  const presentAll = (shown: ResponseOf<'freeze_organization'>): void => {
    cli.present(shown, () => shown.workspaces.map(tenantText).join('\n'));
    const [next] = shown.workspaces.flatMap((one) => nextStep({ ...one, id: shown.id }) ?? []);
    if (next) cli.suggest(next);
  };

  withPage(tenant.command('list').description('workspaces of all organizations, newest first')).action(
    async (page: PageOptions, command: Command) => {
      const found = await (await connect()).list_tenants(pageOf(page));
      cli.present(found, () =>
        table(
          ['WORKSPACE', 'NAME', 'MODE', 'PLAN', 'STATE', 'STOPPED'],
          found.data.map((one) => [one.id, one.name, one.mode, one.plan, one.state, one.stopped_at]),
        ),
      );
      suggestMore(cli, command, found);
    },
  );

  tenant
    .command('show')
    .description('a workspace with its plan and its freeze: why, by whom, and what comes next')
    .argument('<workspace>')
    .action(async (workspace_id: string) => present(await (await connect()).show_tenant({ workspace_id })));

  tenant
    .command('create')
    .description('make an organization with a live and a test workspace, and invite its first owner to both')
    .argument('<name>')
    .addOption(planOption())
    .requiredOption('--owner <email>', 'where the letters with the invitations go')
    .option('--owner-name <name>', 'what the owner is called; default: what stands before the @')
    .action(async (name: string, { plan, owner, ownerName }: { plan: Plan; owner: string; ownerName?: string }) => {
      const made = await (await connect()).create_tenant({ name, plan, owner: personOf(owner, ownerName) });
      cli.present(made, () => [`${made.name} (${plan}): ${made.id}`, ...made.workspaces.map((one) => `  ${one.mode}: ${one.id}`)].join('\n'));
    });

  tenant
    .command('invite-owner')
    .description('send the first owner of a workspace another letter, while nobody works there; the link of the earlier one is void')
    .argument('<workspace>')
    .argument('<email>', 'where the letter goes')
    .option('--name <name>', 'what the owner is called; default: what stands before the @')
    .action(async (workspace_id: string, email: string, { name }: { name?: string }) => {
      const invited = await (await connect()).invite_owner({ workspace_id, ...personOf(email, name) });
      cli.present(invited, () => `${invited.id}: the link in the letter to ${invited.email} is good until ${invited.expires_at}.`);
    });

  tenant
    .command('set-plan')
    .description('change the plan of an organization, by any of its workspaces; it holds for all of them from the next request on')
    .argument('<workspace>')
    .addOption(planOption())
    .action(async (workspace_id: string, { plan }: { plan: Plan }) => present(await (await connect()).set_tenant_plan({ workspace_id, plan })));

  tenant
    .command('freeze')
    .description('ask for a freeze: money stops at once, and another operator confirms that nobody works there any more')
    .argument('<tenant>', OR_ALL)
    .requiredOption('--reason <text>', 'for the other operator')
    .action(async (id: string, { reason }: { reason: string }) => {
      const client = await connect();
      if (isOrganization(id)) return presentAll(await client.freeze_organization({ organization_id: id, reason }));
      present(await client.freeze_tenant({ workspace_id: id, reason }));
    });

  tenant
    .command('thaw')
    .description('ask for the thaw of a frozen workspace; another operator confirms it')
    .argument('<tenant>', OR_ALL)
    .requiredOption('--reason <text>', 'for the other operator')
    .action(async (id: string, { reason }: { reason: string }) => {
      const client = await connect();
      if (isOrganization(id)) return presentAll(await client.thaw_organization({ organization_id: id, reason }));
      present(await client.thaw_tenant({ workspace_id: id, reason }));
    });

  tenant
    .command('confirm')
    .description('confirm the freeze or the thaw that another operator asked for; `sluice tenant show` says what it is')
    .argument('<tenant>', OR_ALL)
    .requiredOption('--freeze <freeze>', 'the freeze that you looked at')
    .addOption(new Option('--step <step>', 'what you confirm').choices(FREEZE_STEPS).makeOptionMandatory())
    .action(async (id: string, { freeze: freeze_id, step }: { freeze: string; step: FreezeStep }) => {
      const client = await connect();
      if (isOrganization(id)) return presentAll(await client.confirm_organization_freeze({ organization_id: id, freeze_id, step }));
      present(await client.confirm_freeze({ workspace_id: id, freeze_id, step }));
    });

  tenant
    .command('withdraw')
    .description('take back what you asked for, while nobody has confirmed it')
    .argument('<tenant>', OR_ALL)
    .option('--freeze <freeze>', 'of an organization: the freeze that you looked at; others of its workspaces stay')
    .action(async (id: string, { freeze: freeze_id }: { freeze?: string }) => {
      if (isOrganization(id) !== (freeze_id !== undefined))
        throw new Failure(EXIT.usage, 'Give --freeze with an organization, and only there.', 'sluice tenant list, and sluice tenant show WORKSPACE');
      const client = await connect();
      if (freeze_id !== undefined) return presentAll(await client.withdraw_organization_freeze({ organization_id: id, freeze_id }));
      present(await client.withdraw_freeze({ workspace_id: id }));
    });
};

const OR_ALL = 'a workspace, or the id of an organization: all its workspaces';

const isOrganization = (id: string): boolean => fromWireId('organization', id) !== null;

const personOf = (email: string, name: string | undefined) => ({ email, name: name ?? (email.split('@')[0] || email) });

const planOption = (): Option => new Option('--plan <plan>', 'what it may do: docs/plans.md').choices(PLAN_NAMES).makeOptionMandatory();

/** What a plan allows, in a line. */
const planText = (plan: Plan): string => {
  const { apiAccess, limits } = PLANS[plan];
  const most = PLAN_LIMITS.map((limit) => limitInWords(limit, limits[limit])).join(', ');
  return `plan ${plan}: ${apiAccess ? 'API keys are let in' : 'no access by API key'}; ${most}; audit log: ${auditInWords(PLANS[plan])}`;
};

const STATES: Readonly<Record<Tenant['state'], string>> = {
  open: 'open',
  stopped: 'stopped: no money leaves, and people still get in',
  frozen: 'frozen: no money leaves, and nobody gets in',
  thawing: 'frozen, and a thaw is asked for',
};

const tenantText = ({ id, name, mode, plan, state, stopped_at, freeze }: Tenant): string =>
  [
    `${name} (${mode}) ${id}: ${STATES[state]}${stopped_at === null ? '' : `, since ${stopped_at}`}`,
    `  ${planText(plan)}`,
    ...(freeze
      ? [
          `  ${freeze.id}: asked for by ${freeze.proposed_by.name}, ${freeze.proposed_at}: ${freeze.reason}`,
          ...(freeze.confirmed_by ? [`  confirmed by ${freeze.confirmed_by.name}, ${freeze.confirmed_at}`] : []),
          ...(freeze.thaw ? [`  thaw asked for by ${freeze.thaw.proposed_by.name}, ${freeze.thaw.proposed_at}: ${freeze.thaw.reason}`] : []),
        ]
      : []),
  ].join('\n');

const nextStep = ({ id, state, freeze }: Tenant): string | null => {
  if (!freeze) return null;
  if (state === 'frozen') return `sluice tenant thaw ${id} --reason TEXT`;
  return `sluice tenant confirm ${id} --freeze ${freeze.id} --step ${state === 'thawing' ? 'thaw' : 'freeze'}   (another operator)`;
};
