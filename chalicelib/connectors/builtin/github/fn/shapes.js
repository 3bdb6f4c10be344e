// The compact shapes in which this connector shows GitHub's objects, in triggers and actions alike.
// A word is a field; `field:shape` shows the value, or each item of a list, in that shape;
// `name=field` shows a field under another name.
return {
  user: "id login type html_url",
  organization: "id login description",
  repository: "id name full_name private html_url description fork default_branch owner:user",
  label: "id name color description",
  milestone: "id number title description state html_url due_on closed_at created_at updated_at",
  issue:
    "id number title body state state_reason html_url user:user assignees:user labels:label " +
    "milestone:milestone comments locked is_pull_request=pull_request:present created_at updated_at closed_at",
  comment: "id body html_url user:user author_association created_at updated_at",
  branch: "label ref sha",
  pull_request:
    "id number title body state draft merged html_url user:user head:branch base:branch assignees:user " +
    "requested_reviewers:user labels:label milestone:milestone merge_commit_sha commits additions deletions " +
    "changed_files created_at updated_at closed_at merged_at",
  review: "id state body html_url user:user commit_id submitted_at",
  review_comment: "id body html_url user:user path line side commit_id in_reply_to_id created_at updated_at",
  thread: "node_id comments:review_comment",
  asset: "id name content_type size browser_download_url",
  release:
    "id tag_name name body draft prerelease target_commitish html_url author:user assets:asset created_at " +
    "published_at",
  person: "name email username",
  commit: "id message timestamp url author:person added removed modified",
  push: "ref before after created deleted forced base_ref compare pusher:person commits:commit head_commit:commit",
  ref: "ref ref_type master_branch description pusher_type",
  workflow: "id name path state html_url",
  workflow_run:
    "id name run_number run_attempt event status conclusion workflow_id head_branch head_sha html_url " +
    "actor:user created_at updated_at",
  workflow_job:
    "id run_id name status conclusion head_branch head_sha html_url runner_name labels started_at " +
    "completed_at",
  workflow_dispatch: "ref workflow inputs",
  app: "id slug name",
  check_run: "id name status conclusion head_sha html_url details_url external_id app:app started_at completed_at",
  check_suite: "id status conclusion head_branch head_sha before after app:app created_at updated_at",
  requested_action: "identifier",
  commit_comment: "id body html_url user:user commit_id path line position created_at updated_at",
  status: "id sha state context description target_url created_at updated_at",
  category: "id name slug is_answerable",
  discussion:
    "id number title body state html_url user:user category:category comments locked answer_html_url " +
    "answer_chosen_at created_at updated_at",
  discussion_comment: "id body html_url user:user parent_id created_at updated_at",
  deployment: "id ref sha task environment description creator:user payload created_at updated_at",
  deployment_status: "id state description environment target_url log_url creator:user created_at updated_at",
  reviewer: "type reviewer:reviewer_name",
  reviewer_name: "id name login slug",
  team: "id name slug description privacy permission html_url",
  membership: "role state user:user",
  invitation: "id login email role",
  deploy_key: "id title read_only verified created_at",
  branch_protection_rule: "id name repository_id admin_enforced required_status_checks created_at updated_at",
  page: "page_name title action sha html_url summary",
  build_error: "message",
  build: "status url commit duration error:build_error pusher:user created_at updated_at",
  package_version: "id version name html_url",
  package: "id name namespace package_type html_url package_version:package_version created_at updated_at",
  merge_group: "head_sha head_ref base_sha base_ref",
  rule: "id name severity description",
  tool: "name version",
  code_scanning_alert:
    "number state html_url rule:rule tool:tool created_at fixed_at dismissed_at dismissed_reason",
  advisory_package: "ecosystem name",
  dependency: "package:advisory_package manifest_path scope",
  advisory: "ghsa_id cve_id summary severity",
  dependabot_alert:
    "number state html_url dependency:dependency security_advisory:advisory created_at updated_at fixed_at " +
    "dismissed_at dismissed_reason",
  dispatch: "event_type=action branch client_payload",
};
