// https://docs.github.com/rest/releases/releases#create-a-release
const { repository, tagName, targetCommitish, name, body, draft, prerelease, generateReleaseNotes } = input.data;
const path = `${await service.fn.repository(repository)}/releases`;
const release = { tag_name: tagName, target_commitish: targetCommitish, name, body, draft, prerelease };
const { data } = await service.fn.request("POST", path, {
  body: { ...release, generate_release_notes: generateReleaseNotes },
});
return await service.fn.pick("release", data);
