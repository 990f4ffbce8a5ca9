#include "services/ingest/dpkg.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "base/testing.h"
#include "base/text.h"
#include "services/ingest/apt.h"
#include "services/ingest/debian_version.h"
#include "services/ingest/resolver.h"

namespace tenon::ingest {
namespace {

std::vector<Paragraph> Paragraphs(const std::string& text, std::size_t piece = SIZE_MAX) {
  const auto source = OpenText("text", text, piece);
  Deb822Reader reader(*source);
  std::vector<Paragraph> all;
  Paragraph paragraph;
  while (*reader.Next(paragraph)) all.push_back(paragraph);
  EXPECT_EQ(reader.position().offset, text.size());
  return all;
}

Package PackageOf(const std::string& text) {
  const Result<Package> package = ReadPackage(Paragraphs(text).at(0));
  EXPECT_TRUE(package) << package.error().message;
  return package.value_or(Package{});
}

std::string ProblemOf(const std::string& text) {
  const Result<Package> package = ReadPackage(Paragraphs(text).at(0));
  return package ? "none" : package.error().message;
}

std::string Again(std::string_view field) {
  const auto groups = ParseRelations(field);
  if (!groups) return groups.error().message;
  std::string out;
  for (const RelationGroup& group : *groups) out += (out.empty() ? "" : ", ") + ToString(group);
  return out;
}

TEST(Deb822Reader, ReadsParagraphs) {
  const std::string text =
      "\n# a comment\nPackage: a\nDescription: short\n long one\n .\n   verbatim  \n\n \n"
      "Package:b\r\nEmpty:\r\nConffiles:\n /etc/x 1\n /etc/y 2";
  for (const std::size_t piece : {1, 2, 3, 1000}) {
    const auto all = Paragraphs(text, piece);
    ASSERT_EQ(all.size(), 2u);
    EXPECT_EQ(all[0].problem(), "");
    EXPECT_EQ(all[0].at(), (Position{13, 3}));
    EXPECT_EQ(all[0].Get("package"), "a");
    EXPECT_EQ(all[0].Get("Description"), "short\nlong one\n.\n  verbatim");
    EXPECT_EQ(all[0].Find("Description")->line, 4u);
    EXPECT_EQ(all[1].Get("Package"), "b");
    EXPECT_EQ(all[1].Get("Conffiles"), "\n/etc/x 1\n/etc/y 2");
    EXPECT_TRUE(all[1].Find("Empty"));
    EXPECT_FALSE(all[1].Find("Missing"));
    EXPECT_EQ(all[1].size(), 3u);
  }
}

TEST(Deb822Reader, ABrokenParagraphDoesNotBreakTheNext) {
  const auto all = Paragraphs(
      " continues nothing\nPackage: a\n\nPackage: b\nno colon\nX: y\n\nA: 1\na: 2\n\n-x: 1\n\n"
      ": 1\n\nPackage: good\n");
  ASSERT_EQ(all.size(), 6u);
  EXPECT_EQ(all[0].problem(), "line 1: the line continues a field, but none has begun");
  EXPECT_EQ(all[1].problem(), "line 5: expected 'Name: value'");
  EXPECT_EQ(all[2].problem(), "line 9: the field a stands twice");
  EXPECT_EQ(all[3].problem(), "line 11: this is no name of a field");
  EXPECT_EQ(all[4].problem(), "line 13: this is no name of a field");
  EXPECT_EQ(all[5].problem(), "");
  EXPECT_EQ(all[5].Get("Package"), "good");
}

TEST(Deb822Reader, IsBounded) {
  const std::string line = "A: " + std::string(5u << 20, 'x') + "\n\nPackage: b\n";
  EXPECT_NE(Paragraphs(line)[0].problem(), "");
  EXPECT_EQ(Paragraphs(line)[1].Get("Package"), "b");
  std::string many = "A: 1\n";
  for (int i = 0; i < 50'000; ++i) many += " " + std::string(100, 'x') + "\n";
  EXPECT_NE(Paragraphs(many)[0].problem(), "");
  std::string fields;
  for (int i = 0; i < 600; ++i) fields += "F" + std::to_string(i) + ": 1\n";
  EXPECT_EQ(Paragraphs(fields)[0].problem(), "line 513: the paragraph has more than 512 fields");
}

TEST(Deb822Reader, CarriesNaughtyStrings) {
  const auto data = testing_data::Json("strings/blns.json");
  if (!data) GTEST_SKIP() << data.error().message;
  for (const json::value& value : data->as_array()) {
    const std::string text(value.as_string().data(), value.as_string().size());
    if (text.find('\n') != std::string::npos) continue;
    const auto all = Paragraphs("Package: x\nDescription: y\n ." + text + ".\n");
    ASSERT_EQ(all.size(), 1u) << text;
    EXPECT_EQ(all[0].Get("Description"), "y\n." + text + ".");
  }
}

TEST(ParseRelations, ReadsGroupsOfAlternatives) {
  const auto groups = ParseRelations("libc6 (>= 2.36), perl:any | perl-base(>>5),\n mta:amd64 ");
  ASSERT_TRUE(groups) << groups.error().message;
  ASSERT_EQ(groups->size(), 3u);
  EXPECT_EQ(groups->at(0)[0], (PackageRelation{"libc6", "", ">=", "2.36"}));
  EXPECT_EQ(groups->at(1)[0], (PackageRelation{"perl", "any", "", ""}));
  EXPECT_EQ(groups->at(1)[1], (PackageRelation{"perl-base", "", ">>", "5"}));
  EXPECT_EQ(groups->at(2)[0], (PackageRelation{"mta", "amd64", "", ""}));
  EXPECT_EQ(Again(""), "");
  EXPECT_EQ(Again("  "), "");
  EXPECT_EQ(Again("a,b|c ,"), "a, b | c");
  EXPECT_EQ(Again("a ( < 1 ), b (> 2:3~rc1-4+b5)"), "a (<= 1), b (>= 2:3~rc1-4+b5)");
  EXPECT_EQ(Again("a (<< 1), a (= 1)"), "a (<< 1), a (= 1)");
}

TEST(ParseRelations, SaysWhereTheSyntaxBreaks) {
  EXPECT_EQ(Again("a b"), "character 3: expected a comma or '|', but found 'b'");
  EXPECT_EQ(Again(",a"), "character 1: expected the name of a package, but found ','");
  EXPECT_EQ(Again("a,,b"), "character 3: expected the name of a package, but found ','");
  EXPECT_EQ(Again("a |"), "character 4: expected the name of a package, but found the end");
  EXPECT_EQ(Again("a:"), "character 3: expected an architecture, but found the end");
  EXPECT_EQ(Again("a (1)"), "character 4: expected <<, <=, =, >= or >>, but found '1'");
  EXPECT_EQ(Again("a (== 1)"), "character 4: expected <<, <=, =, >= or >>, but found '='");
  EXPECT_EQ(Again("a (>= )"), "character 7: expected a version, but found ')'");
  EXPECT_EQ(Again("a (>= 1"), "character 8: expected ')', but found the end");
  EXPECT_EQ(Again("a [amd64]"), "character 3: expected a comma or '|', but found '['");
  EXPECT_EQ(Again("\x01"),
            "character 1: expected the name of a package, but found another character");
}

TEST(ParseProvides, HasNeitherAlternativesNorRanges) {
  EXPECT_EQ(ParseProvides("a (= 1), b")->size(), 2u);
  EXPECT_EQ(ParseProvides("a | b").error().message,
            "'a | b' has alternatives, which nothing can provide");
  EXPECT_EQ(ParseProvides("a (>= 1)").error().message,
            "'a (>= 1)' is not one version; only = is allowed");
}

TEST(CompareDebianVersions, FollowsPolicy) {
  // Each is earlier than the next; the first row is the example of Policy 5.6.12.
  for (const std::vector<std::string_view>& row :
       {std::vector<std::string_view>{"~~", "~~a", "~", "", "a"},
        {"1.0~beta1~svc1245", "1.0~beta1", "1.0", "1.0-1", "1.0-1+b1", "1.0-1.1", "1.0.1"},
        {"1.2", "1.10", "1.10a", "1.10+", "2"},
        {"9", "1:0", "1:1", "10:0"},
        {"0.9", "0.10", "0.100"},
        {"99999999999999999999999998", "99999999999999999999999999"},
        {"2.36-9", "2.36-9+deb12u4", "2.36-9+deb12u13"}}) {
    for (std::size_t i = 0; i < row.size(); ++i) {
      EXPECT_EQ(CompareDebianVersions(row[i], row[i]), 0) << row[i];
      for (std::size_t j = i + 1; j < row.size(); ++j) {
        EXPECT_LT(CompareDebianVersions(row[i], row[j]), 0) << row[i] << " " << row[j];
        EXPECT_GT(CompareDebianVersions(row[j], row[i]), 0) << row[i] << " " << row[j];
      }
    }
  }
  EXPECT_EQ(CompareDebianVersions("1.0", "1.00"), 0);
  EXPECT_EQ(CompareDebianVersions("0:1.0-0", "1.0"), 0);
  EXPECT_TRUE(SatisfiesDebianVersion("1.0", "<=", "1.0"));
  EXPECT_FALSE(SatisfiesDebianVersion("1.0", "<<", "1.0"));
  EXPECT_TRUE(SatisfiesDebianVersion("1.0-1", ">>", "1.0"));
  EXPECT_FALSE(SatisfiesDebianVersion("1.0", "?", "1.0"));
}

TEST(ReadPackage, ReadsEveryField) {
  const Package package = PackageOf(
      "Package: libfoo\nStatus: install ok installed\nPriority: optional\nSection: non-free/libs\n"
      "Installed-Size: 686\nMaintainer: A B <a@example.org>\nArchitecture: amd64\n"
      "Source: foo (1.1)\nVersion: 1:1.2-3\nProvides: foo-api (= 1)\nPre-Depends: dpkg (>= 1.17)\n"
      "Depends: libc6, bar | baz\nHomepage: https://example.org/\n"
      "Description: does foo\n It does it\n .\n  - well\n");
  EXPECT_EQ(package.name, "libfoo");
  EXPECT_EQ(package.version, "1:1.2-3");
  EXPECT_EQ(package.architecture, "amd64");
  EXPECT_EQ(package.section, "non-free/libs");
  EXPECT_EQ(package.priority, "optional");
  EXPECT_EQ(package.source, "foo");
  EXPECT_EQ(package.maintainer, "A B <a@example.org>");
  EXPECT_EQ(package.homepage, "https://example.org/");
  EXPECT_EQ(package.synopsis, "does foo");
  EXPECT_EQ(package.description, "It does it\n\n - well");
  EXPECT_EQ(package.installed_size_kib, 686);
  EXPECT_TRUE(package.installed);
  EXPECT_EQ(package.pre_depends.size(), 1u);
  EXPECT_EQ(package.depends.size(), 2u);
  EXPECT_EQ(package.provides.size(), 1u);
}

TEST(ReadPackage, KnowsWhatIsInstalled) {
  const auto with = [](const std::string& status) {
    return PackageOf("Package: p\nVersion: 1\nArchitecture: all\nStatus: " + status + "\n");
  };
  EXPECT_TRUE(with("install ok installed").installed);
  EXPECT_TRUE(with("hold ok triggers-pending").installed);
  EXPECT_FALSE(with("deinstall ok config-files").installed);
  EXPECT_FALSE(with("install reinstreq half-installed").installed);
  EXPECT_FALSE(with("unknown ok not-installed").available());
  EXPECT_TRUE(PackageOf("Package: p\nVersion: 1\nArchitecture: all\n").available());
  EXPECT_EQ(PackageOf("Package: p\nStatus: unknown ok not-installed\n").version, "");
  EXPECT_EQ(PackageOf("Package: p\nStatus: unknown ok not-installed\n").source, "p");
}

TEST(ReadPackage, SaysWhatIsWrongAndWhere) {
  EXPECT_EQ(ProblemOf("\nVersion: 1\n"), "line 2: the paragraph has no Package field");
  EXPECT_EQ(ProblemOf("Package: p\n"), "line 1: p has no Version");
  EXPECT_EQ(ProblemOf("Package: p\nVersion: 1\n"), "line 1: p has no Architecture");
  const std::string start = "Package: p\nVersion: 1\nArchitecture: all\n";
  EXPECT_EQ(ProblemOf(start + "Installed-Size: 5k\n"),
            "line 4: Installed-Size is not a whole number");
  EXPECT_EQ(ProblemOf(start + "Depends: a b\n"),
            "line 4: Depends: character 3: expected a comma or '|', but found 'b'");
  EXPECT_EQ(ProblemOf(start + "Provides: a | b\n"),
            "line 4: Provides: 'a | b' has alternatives, which nothing can provide");
  EXPECT_EQ(ProblemOf(start + "nonsense\n"), "line 4: expected 'Name: value'");
}

class ResolverTest : public testing::Test {
 protected:
  void Add(std::string name, std::string version, std::string_view provides = "",
           std::string priority = "optional", std::string status = "") {
    Package package;
    package.name = std::move(name);
    package.version = std::move(version);
    package.priority = std::move(priority);
    package.status = std::move(status);
    package.installed = package.status == "install ok installed";
    package.provides = *ParseProvides(provides);
    resolver_.Add(package);
  }
  std::string Resolve(std::string_view field) {
    const auto found = resolver_.Resolve(ParseRelations(field)->at(0));
    if (!found) return "-";
    return found->name + (found->name != found->asked ? " for " + found->asked : "") +
           (found->satisfied ? "" : " (not satisfied)");
  }
  DependencyResolver resolver_;
};

TEST_F(ResolverTest, TakesTheFirstAlternativeThatExists) {
  Add("exim4", "4");
  Add("postfix", "3");
  EXPECT_EQ(Resolve("sendmail | postfix | exim4"), "postfix");
  EXPECT_EQ(Resolve("exim4:any | postfix"), "exim4");
  EXPECT_EQ(Resolve("sendmail"), "-");
}

TEST_F(ResolverTest, LooksAtVersions) {
  Add("a", "1.0");
  Add("b", "2.0");
  EXPECT_EQ(Resolve("a (>= 2) | b"), "b");
  EXPECT_EQ(Resolve("a (>= 1) | b"), "a");
  EXPECT_EQ(Resolve("a (>= 2) | c"), "a (not satisfied)");
  Add("a", "3.0");
  Add("a", "2.0");
  EXPECT_EQ(Resolve("a (>= 2) | b"), "a");
  EXPECT_EQ(*resolver_.LatestVersion("a"), "3.0");
  EXPECT_EQ(resolver_.LatestVersion("z"), nullptr);
  EXPECT_EQ(resolver_.size(), 2u);
}

TEST_F(ResolverTest, FindsProvidersOfVirtualPackages) {
  Add("postfix", "3", "mail-transport-agent");
  Add("exim4", "4", "mail-transport-agent", "standard");
  Add("courier", "1", "mail-transport-agent");
  Add("libnew", "5", "libold (= 2)");
  EXPECT_EQ(Resolve("mail-transport-agent"), "exim4 for mail-transport-agent");
  EXPECT_EQ(Resolve("sendmail | mail-transport-agent"), "exim4 for mail-transport-agent");
  EXPECT_EQ(Resolve("mail-transport-agent | postfix"), "postfix");
  EXPECT_EQ(Resolve("mail-transport-agent (>= 1)"), "-");  // Policy 7.5
  EXPECT_EQ(Resolve("libold (>= 2)"), "libnew for libold");
  EXPECT_EQ(Resolve("libold (>= 3)"), "-");
}

TEST_F(ResolverTest, LeavesOutWhatIsNotInstalled) {
  Add("gone", "1", "thing", "optional", "deinstall ok config-files");
  Add("here", "1", "thing", "optional", "install ok installed");
  EXPECT_EQ(Resolve("gone | here"), "here");
  EXPECT_EQ(Resolve("thing"), "here for thing");
}

TEST_F(ResolverTest, ResolvesAllOfAPackage) {
  Add("p", "1", "v");
  Add("libc6", "2");
  Add("dpkg", "1");
  Package package;
  package.name = "p";
  package.pre_depends = *ParseRelations("dpkg");
  package.depends = *ParseRelations("libc6, libc6 (>= 1), nothing | at-all (= 1), v, dpkg");
  const auto all = resolver_.ResolveAll(package);
  ASSERT_EQ(all.found.size(), 2u);
  EXPECT_EQ(all.found[0].name, "dpkg");
  EXPECT_TRUE(all.found[0].pre);
  EXPECT_EQ(all.found[1].name, "libc6");
  EXPECT_FALSE(all.found[1].pre);
  EXPECT_EQ(all.missing, (std::vector<std::string>{"nothing | at-all (= 1)"}));
}

TEST(FindAptLists, NamesEveryListOnce) {
  const std::filesystem::path folder =
      std::filesystem::temp_directory_path() / ("tenon_apt_test_" + std::to_string(getpid()));
  std::filesystem::create_directories(folder);
  for (const char* name : {"a_Packages", "a_Packages.lz4", "b_Packages.xz", "c_Sources", "lock",
                           "d_InRelease", "e_Packages.diff"}) {
    std::ofstream(folder / name) << "Package: x\n";
  }
  const auto lists = FindAptLists(folder.string());
  ASSERT_TRUE(lists);
  EXPECT_EQ(*lists, (std::vector<std::string>{(folder / "a_Packages").string(),
                                              (folder / "b_Packages.xz").string()}));
  EXPECT_TRUE(OpenAptList(lists->at(0)));
  EXPECT_EQ(OpenAptList(lists->at(1), "/no/helper").error().message,
            "cannot run /no/helper: No such file or directory");
  std::filesystem::remove_all(folder);
  EXPECT_EQ(FindAptLists(folder.string()).error().code, Code::kNotFound);
}

// All packages of the sources, twice read: once to fill the resolver, once to ask it.
struct Totals {
  std::size_t packages = 0, available = 0, problems = 0, found = 0, missing = 0, unsatisfied = 0;
};
template <typename Open>
Totals ReadTwice(const std::vector<std::string>& paths, Open open) {
  Totals totals;
  DependencyResolver resolver;
  for (const bool ask : {false, true}) {
    for (const std::string& path : paths) {
      Result<std::unique_ptr<InputSource>> source = open(path);
      EXPECT_TRUE(source) << source.error().message;
      if (!source) continue;
      Deb822Reader reader(**source);
      Paragraph paragraph;
      while (*reader.Next(paragraph)) {
        const Result<Package> package = ReadPackage(paragraph);
        if (!package) {
          ++totals.problems;
          ADD_FAILURE() << path << ": " << package.error().message;
          continue;
        }
        EXPECT_EQ(InvalidUtf8At(package->description), std::nullopt);
        if (!ask) {
          resolver.Add(*package);
          ++totals.packages;
          totals.available += package->available();
          continue;
        }
        if (!package->available()) continue;
        const auto dependencies = resolver.ResolveAll(*package);
        totals.found += dependencies.found.size();
        totals.missing += dependencies.missing.size();
        for (const auto& one : dependencies.found) totals.unsatisfied += !one.satisfied;
      }
    }
  }
  std::printf("%zu packages, %zu names, %zu dependencies, %zu missing, %zu not satisfied\n",
              totals.packages, resolver.size(), totals.found, totals.missing, totals.unsatisfied);
  return totals;
}

TEST(ThisMachine, StatusFileResolvesWhole) {
  if (!std::filesystem::exists(kDpkgStatus)) GTEST_SKIP() << "no " << kDpkgStatus;
  const Totals totals =
      ReadTwice({kDpkgStatus}, [](const std::string& path) { return OpenFile(path); });
  EXPECT_GT(totals.available, 0u);
  EXPECT_EQ(totals.problems, 0u);
}

TEST(ThisMachine, AptListsResolve) {
  const auto lists = FindAptLists();
  if (!lists) GTEST_SKIP() << lists.error().message;
  const Totals totals =
      ReadTwice(*lists, [](const std::string& path) { return OpenAptList(path); });
  EXPECT_GT(totals.packages, 0u);
  EXPECT_EQ(totals.problems, 0u);
}

}  // namespace
}  // namespace tenon::ingest
