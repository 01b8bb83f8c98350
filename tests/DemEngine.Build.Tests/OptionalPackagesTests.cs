namespace DemEngine.Build.Tests;

/// <summary>tools/OptionalPackages.targets on sources that have a package, lack it, gain it, or cannot be reached.</summary>
[Parallelizable(ParallelScope.All)]
public class OptionalPackagesTests
{
    [Test]
    public void Missing_package_is_left_out_with_one_warning_and_picked_up_once_the_source_has_it()
    {
        using var house = new House();

        Outcome first = house.Run("build");
        Assert.Multiple(() =>
        {
            Assert.That(first.ExitCode, Is.Zero);
            Assert.That(first.Probes, Is.EqualTo(1));
            Assert.That(first.Warnings, Is.EqualTo(1));
            Assert.That(first.Output, Does.Contain("Dummy.Part 1.0.0 is not on the package sources; left out: dummies"));
            Assert.That(first.Has, Is.False);
        });

        Outcome second = house.Run("build", "-warnaserror");
        Assert.Multiple(() =>
        {
            Assert.That(second.ExitCode, Is.Zero, "the warning is never an error");
            Assert.That(second.Probes, Is.Zero, "the answer is remembered");
            Assert.That(second.Warnings, Is.Zero, "it was said when the answer was new");
            Assert.That(second.Has, Is.False);
        });

        house.AddPackage();
        Outcome third = house.Run("build");
        Assert.Multiple(() =>
        {
            Assert.That(third.ExitCode, Is.Zero);
            Assert.That(third.Warnings, Is.Zero);
            Assert.That(third.Has, Is.True);
            Assert.That(house.HasReference(), Is.True);
        });
    }

    [Test]
    public void Available_package_is_used_by_the_first_build_unless_forced_out()
    {
        using var house = new House();
        house.AddPackage();

        Outcome first = house.Run("build");
        Assert.Multiple(() =>
        {
            Assert.That(first.ExitCode, Is.Zero);
            Assert.That(first.Output, Does.Not.Contain("warning"));
            Assert.That(first.Has, Is.True);
            Assert.That(house.HasReference(), Is.True);
        });

        Outcome forced = house.Run("build", "-p:WithDummyPart=false");
        Assert.Multiple(() =>
        {
            Assert.That(forced.ExitCode, Is.Zero);
            Assert.That(forced.Probes, Is.Zero);
            Assert.That(forced.Warnings, Is.Zero, "who asked for it needs no warning");
            Assert.That(forced.Has, Is.False);
            Assert.That(house.HasReference(), Is.False);
        });
    }

    [Test]
    public void Missing_package_forced_in_fails_as_any_missing_package_does()
    {
        using var house = new House();

        Outcome forced = house.Run("restore", "-p:WithDummyPart=true");

        Assert.That(forced.ExitCode, Is.Not.Zero);
        Assert.That(forced.Output, Does.Contain("error NU1101"));
    }

    [Test]
    public void Projects_of_a_solution_share_one_probe_and_force_probes_again()
    {
        using var house = new House("feed", "A", "B", "C");
        house.AddPackage();

        Outcome first = house.Run("restore", "-m:2");
        Assert.Multiple(() =>
        {
            Assert.That(first.ExitCode, Is.Zero);
            Assert.That(first.Probes, Is.EqualTo(1));
            Assert.That(house.HasReference("A") && house.HasReference("B") && house.HasReference("C"), Is.True);
        });

        Assert.That(house.Run("restore").Probes, Is.Zero);
        Assert.That(house.Run("restore", "--force").Probes, Is.EqualTo(1));
    }

    [Test]
    public void Package_is_known_by_the_name_it_was_given()
    {
        using var house = new House();
        house.AddPackage();
        house.Name("Chosen");

        Outcome outcome = house.Run("build");
        Assert.That(outcome.Output, Does.Contain(";HAS_CHOSEN").And.Not.Contain("HAS_DUMMYPART"));
        Assert.That(house.HasReference(), Is.True);
        Assert.That(house.Run("build", "-p:WithChosen=false").Output, Does.Not.Contain("HAS_CHOSEN"));
    }

    [Test]
    public void Unreachable_source_is_asked_again_at_the_next_restore()
    {
        using var house = new House("https://localhost:9/index.json");

        foreach (string restore in (string[])["first", "second"])
        {
            Outcome outcome = house.Run("restore");
            Assert.Multiple(() =>
            {
                Assert.That(outcome.ExitCode, Is.Zero, restore);
                Assert.That(outcome.Probes, Is.EqualTo(1), restore);
                Assert.That(outcome.Warnings, Is.EqualTo(1), restore);
                Assert.That(outcome.Output, Does.Contain("could not be had"), restore);
            });
        }
    }
}
